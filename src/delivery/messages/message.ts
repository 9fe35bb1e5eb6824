/**
 * Words used in this folder.
 *
 * message   one text for one recipient, a code or one sent by `POST /v1/messages`; a row of `messages`
 * attempt   one try with one provider; its row is written before the provider is called, a code's within a moment
 * part      what the provider gave an id of its own, mostly one short message of a long text
 * receipt   what a carrier reported about a part or an attempt; each is kept once, whether it changed anything or not
 * parked    a receipt whose message is not known (yet)
 */
import type { ReceiptStatus, SendVerdict } from '../provider.ts';

export const MESSAGE_STATUSES = [
  /** Recorded, not yet taken up. */
  'accepted',
  /** Waits for `send_at`. */
  'scheduled',
  /** Waits for another try. */
  'queued',
  'sending',
  /** A carrier took it. */
  'sent',
  'delivered',
  'undelivered',
  'partially_delivered',
  /** Certainly not sent. */
  'failed',
  'expired',
  'canceled',
  'blocked',
  /** It may have been sent; or a carrier took it and never said what became of it. */
  'unknown',
  'read',
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** Nothing was handed over yet, so it can be called off. */
export const WAITING = ['accepted', 'scheduled', 'queued'] as const satisfies MessageStatus[];

/** What became of a part, as far as reported; `sent` from the beginning. */
export type PartStatus = Exclude<ReceiptStatus, 'buffered' | 'rejected'>;

/** `sending` until the provider has answered. */
export type AttemptStatus =
  | 'sending'
  | 'failed'
  | 'rejected'
  | 'unknown'
  | 'sent'
  | 'delivered'
  | 'undelivered'
  | 'partially_delivered'
  | 'expired'
  | 'read';

export const VERDICT_STATUS = {
  accepted: 'sent',
  rejected: 'rejected',
  failed: 'failed',
  outcome_unknown: 'unknown',
} as const satisfies Record<SendVerdict['kind'], AttemptStatus>;

/** Our reference of one try, as the carrier gets it: at most 34 characters of `[a-z0-9_-]`. */
export function referenceOf(messageId: string, attempt: number): string {
  return `${messageId}-${attempt}`;
}

const REFERENCE = /^(?<message>msg_[0-9a-z]{26})-(?<attempt>[1-9]\d{0,2})$/;

export function parseReference(reference: string): { message: string; attempt: number } | null {
  const groups = REFERENCE.exec(reference)?.groups;
  return groups?.message ? { message: groups.message, attempt: Number(groups.attempt) } : null;
}

export const MESSAGE_ID = /^msg_[0-9a-hjkmnp-tv-z]{26}$/;

/** Codes do not queue. What a person waits for goes before what was sent to many. */
export const LANES = { transactional: 1, marketing: 2 } as const;
