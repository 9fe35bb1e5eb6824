import type { Selectable } from 'kysely';
import type { ConsentEntryTable, ConsentTable } from '../../db/schema/consent.ts';

/**
 * Words used in this folder.
 *
 * entry        one row of the ledger: what somebody said, how it was asked, and what shows it; never changed
 * consent      what the newest entry of an address, channel and purpose says
 * suppression  whom nothing is sent to, whatever was consented to; ended by START or by hand
 * reply        a message from a phone, read for words that stop, start, confirm or ask for help
 */
export type ConsentRow = Selectable<ConsentTable>;
export type EntryRow = Selectable<ConsentEntryTable>;

export const CONSENT_PURPOSES = ['marketing', 'transactional'] as const;
export type ConsentPurpose = (typeof CONSENT_PURPOSES)[number];

export const CONSENT_STATES = ['pending', 'granted', 'revoked'] as const;
export type ConsentState = (typeof CONSENT_STATES)[number];

/** Where somebody said it. */
export const CONSENT_SOURCES = ['website', 'app', 'keyword', 'call', 'paper', 'in_person', 'import', 'other'] as const;
export type ConsentSource = (typeof CONSENT_SOURCES)[number];

export const ENTRY_COLUMNS = {
  id: 'text',
  project_id: 'text',
  mode: 'text',
  channel: 'text',
  purpose: 'text',
  address_hash: 'text',
  address_masked: 'text',
  state: 'text',
  source: 'text',
  double_opt_in: 'bigint',
  wording: 'text',
  proof: 'text',
  actor: 'text',
  at: 'bigint',
  recorded_at: 'bigint',
} as const satisfies Record<keyof ConsentEntryTable, 'text' | 'bigint'>;

export const CONSENT_COLUMNS = {
  project_id: 'text',
  mode: 'text',
  address_hash: 'text',
  channel: 'text',
  purpose: 'text',
  address: 'text',
  address_masked: 'text',
  state: 'text',
  resumes: 'bigint',
  entry_id: 'text',
  at: 'bigint',
  expires_at: 'bigint',
  updated_at: 'bigint',
} as const satisfies Record<keyof ConsentTable, 'text' | 'bigint'>;
