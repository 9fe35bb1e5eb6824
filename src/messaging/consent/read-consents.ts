import { type Kysely, sql } from 'kysely';
import { filterOnly } from '../../db/filter-only.ts';
import type { Schema } from '../../db/schema.ts';
import type { ConsentRow, EntryRow } from './consent.ts';
import type { Owner } from './subject.ts';

export interface ConsentFilter {
  hash?: string | undefined;
  channel?: string | undefined;
  purpose?: string | undefined;
  state?: string | undefined;
  /** Of the last one before. */
  before: { at: number; id: string } | null;
  limit: number;
}

/** What changed last first. */
export function listConsents(db: Kysely<Schema>, owner: Owner, filter: ConsentFilter): Promise<ConsentRow[]> {
  const { hash, channel, purpose, state, before } = filter;
  let query = db
    .selectFrom('consents')
    .selectAll()
    .where(hash === undefined ? sql.ref<string>('project_id') : filterOnly('project_id'), '=', owner.project)
    .where('mode', '=', owner.mode);
  if (hash !== undefined) query = query.where('address_hash', '=', hash);
  if (channel !== undefined) query = query.where('channel', '=', channel);
  if (purpose !== undefined) query = query.where('purpose', '=', purpose as ConsentRow['purpose']);
  if (state !== undefined) query = query.where('state', '=', state as ConsentRow['state']);
  // As the index of the others says it.
  if (state !== undefined && state !== 'granted') query = query.where('state', '<>', sql.lit('granted' as const));
  if (before)
    query = query.where((eb) => eb(eb.refTuple('updated_at', 'entry_id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('updated_at', 'desc').orderBy('entry_id', 'desc').limit(filter.limit).execute();
}

/** What was recorded last first. */
export function listEntries(
  db: Kysely<Schema>,
  owner: Owner,
  { hash, before, limit }: { hash: string; before: { at: number; id: string } | null; limit: number },
): Promise<EntryRow[]> {
  let query = db
    .selectFrom('consent_entries')
    .selectAll()
    .where('address_hash', '=', hash)
    .where('project_id', '=', owner.project)
    .where('mode', '=', owner.mode);
  if (before) query = query.where((eb) => eb(eb.refTuple('recorded_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('recorded_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}
