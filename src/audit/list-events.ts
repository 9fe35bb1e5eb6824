import type { Kysely, Selectable } from 'kysely';
import type { EventTable, Schema } from '../db/schema.ts';
import type { Mode } from './event.ts';

export interface EventFilter {
  project: string;
  mode: Mode;
  /** Exact, or a family: `verification.*`. */
  type?: string | undefined;
  verificationId?: string | undefined;
  recipientHash?: string | undefined;
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
  const { type, verificationId, recipientHash, since, until, before } = filter;
  let query = db
    .selectFrom('events')
    .selectAll()
    .where('project_id', '=', filter.project)
    .where('mode', '=', filter.mode);
  if (type?.endsWith('.*')) query = query.where('type', 'like', `${type.slice(0, -1)}%`);
  else if (type !== undefined) query = query.where('type', '=', type);
  if (verificationId !== undefined) query = query.where('verification_id', '=', verificationId);
  if (recipientHash !== undefined) query = query.where('recipient_hash', '=', recipientHash);
  if (since !== undefined) query = query.where('created_at', '>=', since);
  if (until !== undefined) query = query.where('created_at', '<', until);
  if (before !== undefined) query = query.where('position', '<', before);
  return query.orderBy('position', 'desc').limit(filter.limit).execute();
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
