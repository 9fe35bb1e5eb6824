import type { Transaction } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Delivery } from './delivery.ts';

/** What callers see and ask of an endpoint's deliveries. That the endpoint is theirs was found out before. */

export interface ListDeliveries {
  status?: Delivery['status'];
  /** The log's index of the last one of the page before. */
  before?: number;
  limit: number;
}

/** Newest event first. What only waits in the log has no row yet. */
export async function listDeliveries(
  { kysely }: Pick<Database, 'kysely'>,
  endpoint: string,
  { status, before, limit }: ListDeliveries,
): Promise<Delivery[]> {
  let query = kysely.selectFrom('webhook_deliveries').selectAll().where('endpoint_id', '=', endpoint);
  if (status !== undefined) query = query.where('status', '=', status);
  if (before !== undefined) query = query.where('log_index', '<', before);
  return query.orderBy('log_index', 'desc').limit(limit).execute();
}

export type Requested = { kind: 'queued'; delivery: Delivery } | { kind: 'not_found' } | { kind: 'disabled' };

/**
 * Sends one again as soon as may be, whatever became of it, with the same id; the schedule begins anew. An endpoint
 * that is held or asked to be spared is tried at once.
 */
export async function retryDelivery(
  db: Database,
  endpoint: string,
  id: string,
  now: number,
  events: readonly AuditEvent[],
): Promise<Requested> {
  return writeTransaction(db, {}, async (trx) => {
    const known = trx.selectFrom('webhook_deliveries').select('id');
    if (!(await known.where('id', '=', id).where('endpoint_id', '=', endpoint).executeTakeFirst())) {
      return { kind: 'not_found' };
    }
    const cursor = await trx
      .updateTable('webhook_cursors')
      .set({ due_at: now, rests_until: 0 })
      .where('endpoint_id', '=', endpoint)
      .executeTakeFirst();
    if (cursor.numUpdatedRows === 0n) return { kind: 'disabled' };
    const delivery = await trx
      .updateTable('webhook_deliveries')
      .set((eb) => ({ status: 'pending', step: 0, asked: eb('asked', '+', 1), next_at: now, updated_at: now }))
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await insertEvents(trx, events);
    return { kind: 'queued', delivery: await waitForOlder(trx, delivery, now) };
  });
}

/** Of an object that wants order the oldest that is not over is the next one. */
async function waitForOlder(trx: Transaction<Schema>, delivery: Delivery, now: number): Promise<Delivery> {
  const { endpoint_id: endpoint, object_id: object } = delivery;
  if (object === null) return delivery;
  const pending = () =>
    trx
      .selectFrom('webhook_deliveries')
      .select('log_index')
      .where('endpoint_id', '=', endpoint)
      .where('object_id', '=', object)
      .where('status', '=', 'pending');
  const { log_index: oldest } = await pending().orderBy('log_index').limit(1).executeTakeFirstOrThrow();
  const rows = await trx
    .updateTable('webhook_deliveries')
    .set((eb) => ({ next_at: eb.case().when('log_index', '=', oldest).then(now).else(null).end() }))
    .where('endpoint_id', '=', endpoint)
    .where('log_index', 'in', pending())
    .returningAll()
    .execute();
  return rows.find(({ id }) => id === delivery.id) ?? delivery;
}

/** An event is sealed after it happened, a checkpoint signed after that; clocks of instances differ by less. */
const CLOCKS_MS = 300_000;

/** `too_old`: what was delivered of the events up to `until` is not known any more. */
export type Replayed = { kind: 'queued' } | { kind: 'disabled' } | { kind: 'too_old'; until: number };

/** Sends everything again that happened since then and was not delivered, also while the endpoint was disabled. */
export async function replayDeliveries(
  db: Database,
  endpoint: string,
  since: number,
  now: number,
  events: readonly AuditEvent[],
): Promise<Replayed> {
  return writeTransaction(db, {}, async (trx) => {
    const cursor = await trx
      .updateTable('webhook_cursors')
      .set({ due_at: now })
      .where('endpoint_id', '=', endpoint)
      .returning('next')
      .executeTakeFirst();
    if (!cursor) return { kind: 'disabled' };
    const checkpoint = await trx
      .selectFrom('audit_checkpoints')
      .select('size')
      .where('created_at', '<=', since - CLOCKS_MS)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    const { known_from } = await trx
      .selectFrom('webhook_endpoints')
      .select('known_from')
      .where('id', '=', endpoint)
      .executeTakeFirstOrThrow();
    const from = checkpoint?.size ?? 0;
    const forgotten = trx
      .selectFrom('audit_leaves')
      .select('created_at')
      .where('log_index', '=', known_from - 1);
    const until = from < known_from ? ((await forgotten.executeTakeFirst())?.created_at ?? 0) : 0;
    if (until >= since) return { kind: 'too_old', until };
    const range = { next: Math.max(from, known_from), until: cursor.next };
    await trx
      .insertInto('webhook_replays')
      .values({ endpoint_id: endpoint, since, ...range })
      .onConflict((conflict) => conflict.columns(['endpoint_id', 'since']).doUpdateSet(range))
      .execute();
    // What waits for its next attempt need not wait longer.
    await trx
      .updateTable('webhook_deliveries')
      .set({ next_at: now })
      .where('endpoint_id', '=', endpoint)
      .where('next_at', '>', now)
      .execute();
    await insertEvents(trx, events);
    return { kind: 'queued' };
  });
}
