import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { CampaignRow } from './campaign.ts';

/** What came of a campaign, or of one of its variants; people, not messages, but for `conversions`. */
export interface Figures {
  variant: string | null;
  recipients: number;
  /** A carrier took it. */
  sent: number;
  /** It may have been sent. */
  unknown: number;
  delivered: number;
  read: number;
  /** Followed a link, as people do. */
  clicked: number;
  opted_out: number;
  replied: number;
  converted: number;
  conversions: number;
}

const COUNTED = [
  'recipients',
  'sent',
  'unknown',
  'delivered',
  'read',
  'clicked',
  'opted_out',
  'replied',
  'converted',
  'conversions',
] as const satisfies (keyof Figures)[];

/** For so long after a message what its recipient does is put down to it. */
export const ATTRIBUTED_MS = 7 * 86_400_000;

type Counts = { variant: string | null } & Partial<Record<(typeof COUNTED)[number], number | string | null>>;

/** One row for each variant; a campaign without variants has one. */
export async function variantFigures(db: Kysely<Schema>, campaign: CampaignRow): Promise<Figures[]> {
  const found = await Promise.all(
    [recipients, messages, clicks, optOuts, replies, conversions].map(async (ask) => {
      const { rows } = await ask(campaign).execute(db);
      return rows;
    }),
  );
  const byVariant = new Map<string | null, Figures>();
  for (const row of found.flat()) {
    const figures = byVariant.get(row.variant) ?? emptyFigures(row.variant);
    for (const name of COUNTED) figures[name] += Number(row[name] ?? 0);
    byVariant.set(row.variant, figures);
  }
  return [...byVariant.values()].sort((a, b) => (a.variant ?? '').localeCompare(b.variant ?? ''));
}

export function sumFigures(all: readonly Figures[]): Figures {
  const sum = emptyFigures(null);
  for (const figures of all) for (const name of COUNTED) sum[name] += figures[name];
  return sum;
}

function emptyFigures(variant: string | null): Figures {
  return { variant, ...(Object.fromEntries(COUNTED.map((name) => [name, 0])) as Omit<Figures, 'variant'>) };
}

const recipients = ({ id }: CampaignRow): RawBuilder<Counts> => sql<Counts>`
  select variant, count(*) as recipients, sum(case when state = 'sent' then 1 else 0 end) as sent,
    sum(case when state = 'unknown' then 1 else 0 end) as unknown
  from campaign_recipients where campaign_id = ${id} group by variant`;

/** A carrier that reports on what may have been sent has taken it. */
const messages = ({ id }: CampaignRow): RawBuilder<Counts> => sql<Counts>`
  select r.variant, sum(case when m.status in ('delivered', 'read') then 1 else 0 end) as delivered,
    sum(case when m.status = 'read' then 1 else 0 end) as read,
    sum(case when r.state = 'unknown' and m.status not in ('unknown', 'failed') then 1 else 0 end) as sent,
    sum(case when r.state = 'unknown' and m.status not in ('unknown', 'failed') then -1 else 0 end) as unknown
  from campaign_recipients r join messages m on m.id = r.message_id
  where r.campaign_id = ${id} group by r.variant`;

const clicks = ({ id }: CampaignRow): RawBuilder<Counts> => sql<Counts>`
  select r.variant, count(distinct l.message_id) as clicked
  from links l join messages m on m.id = l.message_id
  join campaign_recipients r on r.campaign_id = l.campaign_id and r.contact_id = m.contact_id
  where l.campaign_id = ${id} and l.human_clicks > 0 group by r.variant`;

const optOuts = ({ id, project_id, mode }: CampaignRow): RawBuilder<Counts> => sql<Counts>`
  select r.variant, count(distinct r.contact_id) as opted_out
  from campaign_recipients r join messages m on m.id = r.message_id
  join consent_entries e on e.address_hash = m.recipient_hash and e.project_id = ${project_id} and e.mode = ${mode}
  where r.campaign_id = ${id} and e.state = 'revoked' and e.channel = m.channel
    and e.recorded_at >= m.created_at and e.recorded_at < m.created_at + ${sql.lit(ATTRIBUTED_MS)}
  group by r.variant`;

const replies = ({ id, project_id, mode }: CampaignRow): RawBuilder<Counts> => sql<Counts>`
  select r.variant, count(distinct r.contact_id) as replied
  from campaign_recipients r join messages m on m.id = r.message_id
  join inbound_messages i on i.sender_hash = m.recipient_hash and i.project_id = ${project_id} and i.mode = ${mode}
  where r.campaign_id = ${id}
    and i.received_at >= m.created_at and i.received_at < m.created_at + ${sql.lit(ATTRIBUTED_MS)}
  group by r.variant`;

const conversions = ({ id }: CampaignRow): RawBuilder<Counts> => sql<Counts>`
  select variant, count(distinct contact_id) as converted, count(*) as conversions
  from campaign_conversions where campaign_id = ${id} group by variant`;
