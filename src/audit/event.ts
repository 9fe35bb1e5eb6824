import type { Mode } from '../lib/mode.ts';

/**
 * One row per transition. The events table is both the audit log and the webhook outbox.
 * No code, no key and no full number ever enters an event.
 */
export type EventType =
  | 'verification.created'
  | 'verification.sent'
  | 'verification.delivered'
  | 'verification.undelivered'
  | 'verification.attempt_failed'
  | 'verification.approved'
  | 'verification.expired'
  | 'verification.exhausted'
  | 'verification.canceled'
  | 'verification.undeliverable'
  | 'verification.blocked'
  | 'verification.replayed'
  | 'verification.locked'
  | 'verification.lock_warning'
  | 'recipient.rebound'
  | 'message.accepted'
  | 'message.scheduled'
  | 'message.sent'
  | 'message.delivered'
  | 'message.undelivered'
  | 'message.partially_delivered'
  | 'message.failed'
  | 'message.expired'
  | 'message.canceled'
  | 'message.blocked'
  | 'message.unknown'
  | 'message.read'
  | 'token.redeemed'
  | 'token.replayed'
  | 'project.created'
  | 'project.updated'
  | 'key.created'
  | 'key.revoked'
  | 'signing_key.rotated'
  | 'routes.updated'
  | 'code_message.updated'
  | 'code_message.deleted'
  | 'origin.added'
  | 'origin.verified'
  | 'origin.deleted'
  | 'android_app.added'
  | 'android_app.deleted';

export type { Mode };

export interface MaskedRecipient {
  /** Country code and the last two digits, the rest starred. */
  masked: string;
  /** HMAC-SHA-256 of the E.164 number under the installation's hash key, base64url. */
  hash: string;
}

export interface ClientInfo {
  ip?: string;
  user_agent?: string;
  device_id?: string;
}

export interface AuditEvent {
  id: string;
  type: EventType;
  /** Milliseconds since the epoch. */
  at: number;
  project: string;
  mode: Mode;
  /** Who caused it: an API key id, a client token, or `system`. */
  actor: string;
  verificationId?: string;
  messageId?: string;
  recipient?: MaskedRecipient;
  client?: ClientInfo;
  data: Record<string, unknown>;
  /** Place among the events of its verification, from 1, without gaps; set by the store. */
  sequence?: number;
}
