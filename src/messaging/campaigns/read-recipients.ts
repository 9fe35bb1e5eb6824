import { type Kysely, type SqlBool, sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { CampaignRow, RecipientRow } from './campaign.ts';
import { type ChunkRange, chunkRanges } from './chunk-ranges.ts';

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

/** By contact. What carriers have said of the price since is with the message, for as long as that is kept. */
export function readRecipients(
  db: Kysely<Schema>,
  campaign: CampaignRow,
  { state, reason, after }: RecipientFilter,
  limit: number,
): Promise<StandingRecipient[]> {
  const { state: stands, reason: why } = standing(campaign);
  let query = db.selectFrom(
    db
      .selectFrom('campaign_recipients as r')
      .leftJoin('campaign_chunks as k', (join) => join.on(chunkOf('r')).on('k.phase', 'in', phasesOf(campaign)))
      .select(['r.contact_id', 'r.variant', 'r.tries', 'r.planned_at', 'r.message_id', 'r.cost_amount'])
      .select(['r.cost_currency', 'r.updated_at', stands.as('state'), why.as('reason')])
      .select(sql<number | null>`case when r.state = 'waiting' then k.due_at end`.as('due_at'))
      .where('r.campaign_id', '=', campaign.id)
      .as('standing'),
  );
  if (after !== undefined) query = query.where('contact_id', '>', after);
  if (state !== undefined) query = query.where('state', '=', state);
  if (reason !== undefined) query = query.where('reason', '=', reason);
  const page = query.selectAll().orderBy('contact_id').limit(limit);
  const said = (name: 'cost_amount' | 'cost_currency') =>
    sql<string | null>`coalesce(${sql.ref(`m.${name}`)}, ${sql.ref(`page.${name}`)})`.as(name);
  return db
    .selectFrom(page.as('page'))
    .leftJoin('messages as m', 'm.id', 'page.message_id')
    .select(['page.contact_id', 'page.state', 'page.reason', 'page.variant', 'page.tries', 'page.planned_at'])
    .select(['page.message_id', 'page.due_at', 'page.updated_at', said('cost_amount'), said('cost_currency')])
    .orderBy('page.contact_id')
    .execute();
}

export interface Standing {
  state: RecipientRow['state'];
  reason: string | null;
  count: number;
}

/** Chunks counted in one statement. */
const COUNTED_CHUNKS = 50;

/** How many stand how, and why. */
export async function countRecipients(db: Kysely<Schema>, campaign: CampaignRow): Promise<Standing[]> {
  const counts = new Map<string, Standing>();
  for await (const range of chunkRanges(campaign, COUNTED_CHUNKS)) {
    for (const { state, reason, count } of await countChunks(db, campaign, range)) {
      const key = `${state} ${reason}`;
      counts.set(key, { state, reason, count: (counts.get(key)?.count ?? 0) + Number(count) });
    }
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, standing]) => standing);
}

/** Each chunk's recipients are counted before it is asked why they wait. */
function countChunks(db: Kysely<Schema>, campaign: CampaignRow, { from, to }: ChunkRange): Promise<Standing[]> {
  const { state, reason } = standing(campaign);
  return db
    .selectFrom(
      db
        .selectFrom('campaign_recipients')
        .select(['campaign_id', 'chunk', 'state', 'reason', (eb) => eb.fn.countAll<number>().as('count')])
        .where('campaign_id', '=', campaign.id)
        .where('chunk', '>=', from)
        .where('chunk', '<', to)
        .groupBy(['campaign_id', 'chunk', 'state', 'reason'])
        .as('r'),
    )
    .leftJoin('campaign_chunks as k', (join) => join.on(chunkOf('r')).on('k.phase', 'in', phasesOf(campaign)))
    .select([state.as('state'), reason.as('reason'), (eb) => eb.fn.sum<number>('r.count').as('count')])
    .groupBy([state, reason])
    .execute();
}

/** By its id, which its number is a part of. */
const chunkOf = (table: string) =>
  sql<SqlBool>`k.id = ${sql.ref(`${table}.campaign_id`)} || '-' || ${sql.ref(`${table}.chunk`)}`;

/** Of a canceled one nothing else is handed over: a chunk put back afterwards waits for nothing. */
const phasesOf = ({ status }: CampaignRow) =>
  status === 'canceled' ? (['handed'] as const) : (['waiting', 'claimed', 'handed'] as const);

/** Who waits says why: itself, or its chunk, or the campaign does. */
function standing({ status }: CampaignRow) {
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
  return { state, reason };
}
