import type { Selectable } from 'kysely';
import type { SuppressionTable } from '../../db/schema/consent.ts';

export type SuppressionRow = Selectable<SuppressionTable>;

/** Why nothing is sent. The first three are the person's own doing. */
export const SUPPRESSION_REASONS = [
  'stop',
  'voice_key',
  /** A carrier refuses us for it. */
  'carrier',
  'complaint',
  'bounce',
  'manual',
  'imported',
] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

/** Of what nothing is sent: `messages` is everything but codes. */
export const SUPPRESSED_PURPOSES = ['marketing', 'messages', 'all'] as const;
export type SuppressedPurpose = (typeof SUPPRESSED_PURPOSES)[number];

/** Every channel, every sender. */
export const ANY = '*';

export const SUPPRESSION_COLUMNS = {
  id: 'text',
  project_id: 'text',
  mode: 'text',
  address_hash: 'text',
  channel: 'text',
  purpose: 'text',
  sender: 'text',
  reason: 'text',
  review: 'bigint',
  address: 'text',
  note: 'text',
  cause: 'text',
  proof: 'text',
  actor: 'text',
  created_at: 'bigint',
} as const satisfies Record<keyof SuppressionTable, 'text' | 'bigint'>;
