import type { Transaction } from 'kysely';
import type { Actor } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { messageEvents } from '../../delivery/messages/events.ts';
import type { CampaignRow } from './campaign.ts';
import { jobsOf, waitingMessagesOf } from './hold-messages.ts';

/** Messages of a canceled campaign that wait for another carrier because the first one did not deliver them. */
export async function callOffMessages(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  campaign: CampaignRow,
  { id: actor }: Actor,
  now: number,
): Promise<void> {
  const canceled = await trx
    .updateTable('messages')
    .set({ status: 'canceled', reason: 'campaign_canceled', due_at: null, updated_at: now })
    .where(waitingMessagesOf(dialect, campaign))
    // One that a silent carrier may have is not called back by that.
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('message_attempts')
            .select('number')
            .whereRef('message_id', '=', 'messages.id')
            .where('message_attempts.status', 'not in', ['failed', 'rejected', 'undelivered', 'expired']),
        ),
      ),
    )
    .returningAll()
    .execute();
  if (canceled.length === 0) return;
  await trx.deleteFrom('jobs').where(jobsOf(dialect, canceled)).execute();
  await insertEvents(
    trx,
    canceled.flatMap((message) => messageEvents(message, 'canceled', actor, now)),
  );
}
