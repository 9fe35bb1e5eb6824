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

export async function endCursor(trx: Transaction<Schema>, id: string): Promise<void> {
  await trx.deleteFrom('webhook_cursors').where('endpoint_id', '=', id).execute();
}
