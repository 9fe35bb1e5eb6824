import { SYSTEM } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { CampaignRow } from './campaign.ts';
import { campaignEvent } from './campaign-event.ts';
import { markHeldMessages } from './hold-messages.ts';

/** Of a campaign that goes on by itself. Whoever changed it meanwhile has the better of it. */
export function endCampaign(
  db: Database,
  campaign: CampaignRow,
  { status, reason }: { status: 'completed' | 'failed' | 'paused'; reason: string | null },
  now: number,
): Promise<boolean> {
  return writeTransaction(db, {}, async (trx) => {
    const ended = status === 'paused' ? {} : { ended_at: now };
    const changed = await trx
      .updateTable('campaigns')
      .set({ status, reason, ...ended, updated_at: now })
      .where('id', '=', campaign.id)
      .where('status', '=', campaign.status)
      .$if(reason === 'spend_cap', (query) => query.where('spend_cap', '=', campaign.spend_cap))
      .$if(status === 'completed', (query) =>
        query.where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom('campaign_chunks').select('id').where('campaign_id', '=', campaign.id))),
        ),
      )
      .returningAll()
      .executeTakeFirst();
    if (!changed) return false;
    if (status === 'paused') await markHeldMessages(trx, db.dialect, changed, now);
    const data = { recipients: changed.recipients, ...(reason !== null && { reason }) };
    const actor = { ...SYSTEM, mode: campaign.mode };
    await insertEvents(trx, [campaignEvent(`campaign.${status}`, changed, actor, now, data)]);
    return true;
  });
}
