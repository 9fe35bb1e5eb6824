import type { Transaction } from 'kysely';
import { feedEnd } from '../../audit/feed.ts';
import type { Schema } from '../../db/schema.ts';
import type { EndpointRow } from './endpoint.ts';

/** From here on its events are delivered: what was recorded before is for a replay. */
export async function startCursor(
  trx: Transaction<Schema>,
  { id, project_id, mode }: Pick<EndpointRow, 'id' | 'project_id' | 'mode'>,
  now: number,
): Promise<void> {
  await trx
    .insertInto('webhook_cursors')
    .values({
      endpoint_id: id,
      project_id,
      mode,
      next: await feedEnd(trx),
      // Higher than any before: who had the endpoint when it was disabled has lost it.
      claim: now,
      leased_until: 0,
      // What was waiting for a retry when it was disabled goes on waiting.
      due_at: now,
      rests_until: 0,
      failures: 0,
      failing_since: null,
    })
    .onConflict((conflict) => conflict.column('endpoint_id').doNothing())
    .execute();
}

/** Its receiver is another one: that the one before took nothing is held against nobody. */
export async function startAnew(trx: Transaction<Schema>, id: string, now: number): Promise<void> {
  await trx
    .updateTable('webhook_cursors')
    // Who has the endpoint loses it, with what it knows of the receiver before.
    .set((eb) => ({
      claim: eb('claim', '+', 1),
      ...{ leased_until: 0, due_at: now, rests_until: 0, failures: 0, failing_since: null },
    }))
    .where('endpoint_id', '=', id)
    .execute();
  await trx
    .updateTable('webhook_deliveries')
    .set({ next_at: now })
    .where('endpoint_id', '=', id)
    .where('next_at', '>', now)
    .execute();
}

export async function endCursor(trx: Transaction<Schema>, id: string): Promise<void> {
  await trx.deleteFrom('webhook_cursors').where('endpoint_id', '=', id).execute();
}
