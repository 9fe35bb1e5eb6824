/**
 * Words used in this folder.
 *
 * campaign    one message for many contacts
 * audience    whom it is for, as it was asked; found once, when it starts
 * recipient   a contact in it: a row of the ledger, which says what became of it and why
 * chunk       some hundred recipients that are due together: the unit of lease. Gone when none of them waits
 * slice       the part of a chunk that is handed over under one mark
 * mark        how far recipients of a chunk may be with a carrier; what a crash leaves behind
 */
import type { Selectable } from 'kysely';
import type { CampaignChunkTable, CampaignRecipientTable, CampaignTable } from '../../db/schema/campaigns.ts';
import type { CallContent } from '../../delivery/messages/content.ts';
import type { CallInput } from '../../delivery/messages/read-call.ts';
import type { CallRetryReason } from '../../lib/call-retry.ts';
import type { Value } from '../templates/template.ts';

export type CampaignRow = Selectable<CampaignTable>;
export type RecipientRow = Selectable<CampaignRecipientTable>;
export type ChunkRow = Selectable<CampaignChunkTable>;

export const CAMPAIGN_ID = '^cmp_[0-9a-hjkmnp-tv-z]{26}$';

export const CAMPAIGN_STATUSES = [
  'draft',
  'scheduled',
  'preparing',
  'running',
  'paused',
  'completed',
  'canceled',
  'failed',
] as const satisfies CampaignRow['status'][];

export const RECIPIENT_STATES = [
  'waiting',
  'sent',
  'unknown',
  'failed',
  'blocked',
  'skipped',
  'expired',
  'canceled',
] as const satisfies RecipientRow['state'][];

/** What it says. */
export interface CampaignContent {
  /** The version is set at the latest when it starts: what was approved is what goes out. */
  template?: { id: string; version: number | null };
  /** Of the template; those that are not given are the contact's attributes of the same names. */
  variables?: Record<string, Value | { attribute: string }>;
  text?: string;
  subject?: string;
  /** In place of them, by call. */
  recording?: string;
  /** How calls are to be said, as it was asked for. */
  calls?: Omit<CallInput, 'recording'> & { retry?: { on?: CallRetryReason[] } };
  /** The same with what the project's policy adds: set when it starts, as the version is. */
  call?: CallContent;
  /** Default: the contact's. */
  locale?: string;
  smart_encoding?: boolean;
  shorten_links?: boolean;
  utm?: Record<string, string>;
  /** The policy lets it out in an approved version only. */
  reviewed?: boolean;
}

export const readCampaignContent = ({ content }: Pick<CampaignRow, 'content'>) =>
  JSON.parse(content) as CampaignContent;

/** In one lease. */
export const CHUNK = 500;
/** Longer than a chunk is worked on after its last mark. */
export const LEASE_MS = 30_000;
/** Nothing is begun so late in a lease: a call takes 8.5 s at most. */
export const RESERVE_MS = 12_000;
