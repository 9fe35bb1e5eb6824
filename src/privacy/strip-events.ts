import { type Selectable, sql, type Transaction } from 'kysely';
import { forUpdate } from '../db/locking.ts';
import type { Database } from '../db/open.ts';
import { rowSet } from '../db/row-set.ts';
import type { EventTable, Schema } from '../db/schema.ts';

export type EventRow = Selectable<EventTable>;

/** Waits for the sealer: an event is changed before or after its leaf is made, never meanwhile. */
export async function holdLog(trx: Transaction<Schema>, dialect: Database['dialect']): Promise<void> {
  const state = trx.selectFrom('audit_state').select('size').where('id', '=', 1);
  await forUpdate(dialect, state).executeTakeFirstOrThrow();
}

const COLUMNS = { id: 'text', recipient_masked: 'text', recipient_hash: 'text', client: 'text', data: 'text' } as const;
const LEAVES_OF_ONE_STATEMENT = 500;

/**
 * Writes events without what was personal of them. Their salts go too: what is left of a commitment must not tell
 * whether somebody guesses right. The leaf's hash follows from the commitment, so every proof still holds.
 * Resolves with the places of those that are in the log.
 */
export async function saveStripped(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  events: readonly EventRow[],
): Promise<Map<string, number>> {
  if (events.length === 0) return new Map();
  const rows = events.map(({ id, recipient_masked, recipient_hash, client, data }) => ({
    ...{ id, recipient_masked, recipient_hash, client, data },
  }));
  await sql`
    update events set recipient_masked = r.recipient_masked, recipient_hash = r.recipient_hash, client = r.client,
      data = r.data
    from ${rowSet(dialect, COLUMNS, rows)} where events.id = r.id
  `.execute(trx);
  const ids = rows.map(({ id }) => id);
  await trx.updateTable('audit_leaves').set({ salt: null }).where('event_id', 'in', ids).execute();
  return findPlaces(trx, ids);
}

/** Where events are in the log, by their ids; those that are not sealed yet are left out. */
export async function findPlaces(trx: Transaction<Schema>, ids: readonly string[]): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  for (let at = 0; at < ids.length; at += LEAVES_OF_ONE_STATEMENT) {
    const leaves = await trx
      .selectFrom('audit_leaves')
      .select(['event_id', 'log_index'])
      .where('event_id', 'in', ids.slice(at, at + LEAVES_OF_ONE_STATEMENT))
      .execute();
    for (const { event_id, log_index } of leaves) places.set(event_id, log_index);
  }
  return places;
}
