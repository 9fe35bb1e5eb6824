import { type Kysely, type Selectable, sql } from 'kysely';
import { EMAIL_HASH } from '../db/email-hash.ts';
import type { Database } from '../db/open.ts';
import { isRare, RARE_EVENTS } from '../db/rare-events.ts';
import type { EventTable, Schema } from '../db/schema.ts';
import { EVENT_TYPES, type Mode } from './event.ts';

export interface EventFilter {
  project: string;
  mode: Mode;
  /** Exact, or a family: `verification.*`. */
  type?: string | undefined;
  verificationId?: string | undefined;
  recipientHash?: string | undefined;
  /** Those of verifications whose codes went to this e-mail address as well. */
  orVerificationIds?: readonly string[] | undefined;
  /** ms, inclusive. */
  since?: number | undefined;
  /** ms, exclusive. */
  until?: number | undefined;
  /** Only what was inserted before this position. */
  before?: number | undefined;
  limit: number;
}

/** Newest first, in the order in which they were inserted. */
export function listEvents(db: Kysely<Schema>, filter: EventFilter): Promise<Selectable<EventTable>[]> {
  return selectEvents(db, filter).execute();
}

export function selectEvents(db: Kysely<Schema>, filter: EventFilter) {
  const { type, verificationId, recipientHash, orVerificationIds = [], since, until, before } = filter;
  let query = db
    .selectFrom('events')
    .selectAll()
    .where('project_id', '=', filter.project)
    .where('mode', '=', filter.mode);
  const rare = verificationId === undefined && recipientHash === undefined ? rareTypes(type) : [];
  if (rare.length > 0) query = query.where('position', 'in', selectRare(db, filter, rare));
  else if (type?.endsWith('.*')) query = query.where('type', 'like', `${type.slice(0, -1)}%`);
  else if (type !== undefined) query = query.where('type', '=', type);
  if (verificationId !== undefined) query = query.where('verification_id', '=', verificationId);
  if (recipientHash !== undefined && orVerificationIds.length === 0)
    query = query.where('recipient_hash', '=', recipientHash);
  else if (recipientHash !== undefined) {
    // By an index each; for an `or` SQLite would read all events of the project.
    const position = db.selectFrom('events').select('position');
    const either = position
      .where('recipient_hash', '=', recipientHash)
      .unionAll(position.where('verification_id', 'in', orVerificationIds));
    query = query.where('position', 'in', either);
  }
  if (since !== undefined) query = query.where('created_at', '>=', since);
  if (until !== undefined) query = query.where('created_at', '<', until);
  if (before !== undefined) query = query.where('position', '<', before);
  return query.orderBy('position', 'desc').limit(filter.limit);
}

/** Those that are asked for, if all of them are rare. */
function rareTypes(asked: string | undefined): string[] {
  if (asked === undefined) return [];
  const family = asked.slice(0, -1);
  const types = asked.endsWith('.*') ? EVENT_TYPES.filter((type) => type.startsWith(family)) : [asked];
  return types.every(isRare) ? types : [];
}

/** The newest of each type: the page is among them. */
function selectRare(db: Kysely<Schema>, filter: EventFilter, types: readonly string[]) {
  const { project, mode, since, until, before, limit } = filter;
  const each = types.map((type) => {
    let newest = db
      .selectFrom('events')
      .select('position')
      .where('project_id', '=', project)
      .where('mode', '=', mode)
      .where('type', '=', type)
      .where(sql<boolean>`${sql.raw(RARE_EVENTS)}`);
    if (since !== undefined) newest = newest.where('created_at', '>=', since);
    if (until !== undefined) newest = newest.where('created_at', '<', until);
    if (before !== undefined) newest = newest.where('position', '<', before);
    // SQLite limits a part of a union only in a query of its own.
    return db.selectFrom(newest.orderBy('position', 'desc').limit(limit).as('newest')).select('position');
  });
  return each.reduce((all, one) => all.unionAll(one));
}

const MAX_VERIFICATIONS = 1_000;

/** The newest verifications, a thousand at most, that may send to this e-mail address beside the number they are about. */
export async function findVerificationsOfEmail(
  { kysely, dialect }: Database,
  { project, mode, emailHash }: Pick<EventFilter, 'project' | 'mode'> & { emailHash: string },
): Promise<string[]> {
  const { some, hash } = EMAIL_HASH[dialect];
  const rows = await kysely
    .selectFrom('verifications')
    .select('id')
    .where(sql<boolean>`${sql.raw(some)}`)
    .where(sql<boolean>`${sql.raw(hash)} = ${emailHash}`)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .orderBy('created_at', 'desc')
    .limit(MAX_VERIFICATIONS)
    .execute();
  return rows.map(({ id }) => id);
}

/** By event; what the sealer has not come to yet is missing. */
export async function findLogIndexes(
  db: Kysely<Schema>,
  events: readonly Pick<EventTable, 'id'>[],
): Promise<Map<string, number>> {
  if (events.length === 0) return new Map();
  const ids = events.map(({ id }) => id);
  const leaves = await db
    .selectFrom('audit_leaves')
    .select(['event_id', 'log_index'])
    .where('event_id', 'in', ids)
    .execute();
  return new Map(leaves.map((leaf) => [leaf.event_id, leaf.log_index]));
}
