import { type Kysely, sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { CampaignRow, RecipientRow } from './campaign.ts';

/** A recipient as it stands, with what its chunk and its campaign say of it. */
export interface StandingRecipient
  extends Pick<
    RecipientRow,
    'contact_id' | 'state' | 'variant' | 'tries' | 'planned_at' | 'message_id' | 'cost_amount' | 'cost_currency'
  > {
  reason: string | null;
  due_at: number | null;
  updated_at: number;
}

export interface RecipientFilter {
  state?: RecipientRow['state'] | undefined;
  reason?: string | undefined;
  /** A contact's id. */
  after?: string | undefined;
}

/** By contact. */
export function readRecipients(
  db: Kysely<Schema>,
  campaign: CampaignRow,
  { state, reason, after }: RecipientFilter,
  limit: number,
): Promise<StandingRecipient[]> {
  let query = standing(db, campaign);
  if (after !== undefined) query = query.where('contact_id', '>', after);
  if (state !== undefined) query = query.where('state', '=', state);
  if (reason !== undefined) query = query.where('reason', '=', reason);
  return query.selectAll().orderBy('contact_id').limit(limit).execute();
}

export interface Standing {
  state: RecipientRow['state'];
  reason: string | null;
  count: number;
}

/** How many stand how, and why. */
export async function countRecipients(db: Kysely<Schema>, campaign: CampaignRow): Promise<Standing[]> {
  const rows = await standing(db, campaign)
    .select(['state', 'reason', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy(['state', 'reason'])
    .orderBy('state')
    .orderBy('reason')
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}

/** Who waits says why: itself, or its chunk, or the campaign does. */
function standing(db: Kysely<Schema>, { id, status }: CampaignRow) {
  const isCanceled = status === 'canceled';
  const waits =
    status === 'paused'
      ? sql<string>`'paused'`
      : sql<string>`coalesce(r.reason, k.reason,
          case when k.phase = 'handed' or k.phase = 'claimed' then 'sending' else 'in_line' end)`;
  const state = isCanceled
    ? sql<RecipientRow['state']>`case when r.state = 'waiting' and k.id is null then 'canceled' else r.state end`
    : sql<RecipientRow['state']>`r.state`;
  const reason = isCanceled
    ? sql<string | null>`case when r.state <> 'waiting' then r.reason
        when k.id is null then 'campaign_canceled' else 'sending' end`
    : sql<string | null>`case when r.state = 'waiting' then ${waits} else r.reason end`;
  return db.selectFrom(
    db
      .selectFrom('campaign_recipients as r')
      .leftJoin('campaign_chunks as k', (join) =>
        join
          .onRef('k.campaign_id', '=', 'r.campaign_id')
          .onRef('k.number', '=', 'r.chunk')
          // Of a canceled one nothing else is handed over: a chunk put back afterwards waits for nothing.
          .on('k.phase', 'in', isCanceled ? ['handed'] : ['waiting', 'claimed', 'handed']),
      )
      .select(['r.contact_id', 'r.variant', 'r.tries', 'r.planned_at', 'r.message_id', 'r.cost_amount'])
      .select(['r.cost_currency', 'r.updated_at', state.as('state'), reason.as('reason')])
      .select(sql<number | null>`case when r.state = 'waiting' then k.due_at end`.as('due_at'))
      .where('r.campaign_id', '=', id)
      .as('standing'),
  );
}
