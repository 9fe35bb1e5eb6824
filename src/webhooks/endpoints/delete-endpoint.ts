import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Actor } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { switchEndpoint, tellable } from './change-endpoint.ts';
import type { EndpointDeps } from './create-endpoint.ts';
import { endCursor } from './cursor.ts';
import type { EndpointOwner } from './endpoint.ts';
import { endpointEvent } from './endpoint-event.ts';
import { lockEndpoint } from './endpoints-table.ts';

/** What is deleted at once: nobody waits long for that. */
const BATCH = 2_000;

/**
 * With all that became of its deliveries. Disabled first, so that no more come; who deletes again what was cut off in
 * between goes on there. False when there is none.
 */
export async function deleteEndpoint(
  { db }: Pick<EndpointDeps, 'db'>,
  owner: EndpointOwner,
  id: string,
  actor: Actor,
  now: number,
): Promise<boolean> {
  if (!(await switchEndpoint({ db }, owner, id, 'disabled', actor, now))) return false;
  while ((await deleteDeliveries(db.kysely, id, BATCH)) === BATCH) await nextTurn();
  return writeTransaction(db, {}, async (trx) => {
    const row = await lockEndpoint(db.dialect, trx, owner, id);
    if (!row) return false;
    await endCursor(trx, id);
    for (const table of ['webhook_replays', 'webhook_deliveries'] as const) {
      await trx.deleteFrom(table).where('endpoint_id', '=', id).execute();
    }
    await trx.deleteFrom('webhook_endpoints').where('id', '=', id).execute();
    await insertEvents(trx, [endpointEvent('webhook_endpoint.deleted', row, actor, now, tellable(row))]);
    return true;
  });
}

async function deleteDeliveries(db: Kysely<Schema>, id: string, most: number): Promise<number> {
  const some = db.selectFrom('webhook_deliveries').select('log_index').where('endpoint_id', '=', id).limit(most);
  const deleted = await db
    .deleteFrom('webhook_deliveries')
    .where('endpoint_id', '=', id)
    .where('log_index', 'in', some)
    .executeTakeFirst();
  return Number(deleted.numDeletedRows);
}
