import { type Selectable, sql, type Transaction } from 'kysely';
import { fromEventRow } from '../audit/events-table.ts';
import { isAsSealed } from '../audit/log/leaf.ts';
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
 */
export async function saveStripped(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  events: readonly EventRow[],
): Promise<void> {
  if (events.length === 0) return;
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
}

/**
 * Where events are in the log, by their ids. Those that are not sealed yet are left out, and those that somebody has
 * changed since: they go like others, but nobody signs that it was for a good reason.
 */
export async function findPlaces(trx: Transaction<Schema>, events: readonly EventRow[]): Promise<Map<string, number>> {
  const places = new Map<string, number>();
  for (let at = 0; at < events.length; at += LEAVES_OF_ONE_STATEMENT) {
    const some = new Map(events.slice(at, at + LEAVES_OF_ONE_STATEMENT).map((event) => [event.id, event]));
    const leaves = await trx
      .selectFrom('audit_leaves')
      .selectAll()
      .where('event_id', 'in', [...some.keys()])
      .execute();
    for (const leaf of leaves) {
      const event = some.get(leaf.event_id);
      if (event && isAsSealed(fromEventRow(event), leaf)) places.set(event.id, leaf.log_index);
    }
  }
  return places;
}
