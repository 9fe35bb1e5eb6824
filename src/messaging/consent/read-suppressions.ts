import { type Kysely, sql } from 'kysely';
import { filterOnly } from '../../db/filter-only.ts';
import type { Schema } from '../../db/schema.ts';
import type { SuppressionInput } from './save-suppressions.ts';
import { senderKey } from './sender-key.ts';
import type { Owner } from './subject.ts';
import { ANY, type SuppressionRow } from './suppression.ts';

export interface SuppressionFilter {
  hash?: string | undefined;
  reason?: string | undefined;
  review?: boolean | undefined;
  before: { at: number; id: string } | null;
  limit: number;
}

function ofOwner(db: Kysely<Schema>, { project, mode }: Owner, isOfPerson = false) {
  const owner = isOfPerson ? filterOnly('project_id') : sql.ref<string>('project_id');
  return db.selectFrom('suppressions').selectAll().where(owner, '=', project).where('mode', '=', mode);
}

/** By its id, or by what it was made of. */
export async function findSuppression(
  db: Kysely<Schema>,
  owner: Owner,
  which: string | SuppressionInput,
): Promise<SuppressionRow | undefined> {
  if (typeof which === 'string') return ofOwner(db, owner).where('id', '=', which).executeTakeFirst();
  const { who, channel, purpose, sender, reason } = which;
  return ofOwner(db, owner)
    .where('address_hash', '=', who.hash)
    .where('channel', '=', channel ?? ANY)
    .where('purpose', '=', purpose)
    .where('sender', '=', sender === null ? ANY : senderKey(sender))
    .where('reason', '=', reason)
    .executeTakeFirst();
}

/** Newest first. */
export function listSuppressions(
  db: Kysely<Schema>,
  owner: Owner,
  { hash, reason, review, before, limit }: SuppressionFilter,
): Promise<SuppressionRow[]> {
  let query = ofOwner(db, owner, hash !== undefined);
  if (hash !== undefined) query = query.where('address_hash', '=', hash);
  if (reason !== undefined) query = query.where('reason', '=', reason);
  // As the index of those that are to be reviewed says it.
  if (review !== undefined) query = query.where('review', '=', sql.lit(review ? 1 : 0));
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

const PAGE = 500;

/** All of them, newest first; what is added meanwhile is not among them. */
export async function* suppressionPages(db: Kysely<Schema>, owner: Owner): AsyncGenerator<SuppressionRow[]> {
  let before: SuppressionFilter['before'] = null;
  for (;;) {
    const rows = await listSuppressions(db, owner, { before, limit: PAGE });
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    before = { at: last.created_at, id: last.id };
  }
}
