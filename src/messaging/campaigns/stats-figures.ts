import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { CampaignRow } from './campaign.ts';
import { type ChunkRange, chunkRanges } from './chunk-ranges.ts';

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
  /** By call: how those calls ended that were not heard. */
  calls?: Record<CallEnding, number>;
}

export const CALL_ENDINGS = ['busy', 'no_answer', 'declined', 'machine_answered', 'no_key_pressed'] as const;
type CallEnding = (typeof CALL_ENDINGS)[number];

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

type Counts = { variant: string | null } & Partial<
  Record<(typeof COUNTED)[number] | CallEnding, number | string | null>
>;

/** Chunks counted in one statement, with their messages. */
export const COUNTED_CHUNKS = 5;

/** One row for each variant; a campaign without variants has one. */
export async function variantFigures(db: Kysely<Schema>, campaign: CampaignRow): Promise<Figures[]> {
  const byVariant = new Map<string | null, Figures>();
  const add = ({ rows }: { rows: Counts[] }) => {
    for (const row of rows) {
      const figures = byVariant.get(row.variant) ?? emptyFigures(row.variant);
      for (const name of COUNTED) figures[name] += Number(row[name] ?? 0);
      if (campaign.channel === 'voice') addCalls(figures, row);
      byVariant.set(row.variant, figures);
    }
  };
  for await (const range of chunkRanges(campaign, COUNTED_CHUNKS)) add(await people(campaign, range).execute(db));
  add(await conversions(campaign).execute(db));
  return [...byVariant.values()].sort((a, b) => (a.variant ?? '').localeCompare(b.variant ?? ''));
}

export function sumFigures(all: readonly Figures[]): Figures {
  const sum = emptyFigures(null);
  for (const figures of all) {
    for (const name of COUNTED) sum[name] += figures[name];
    if (figures.calls) addCalls(sum, figures.calls);
  }
  return sum;
}

function addCalls(to: Figures, more: Partial<Record<CallEnding, number | string | null>>): void {
  const { calls } = to;
  to.calls = Object.fromEntries(
    CALL_ENDINGS.map((name) => [name, (calls?.[name] ?? 0) + Number(more[name] ?? 0)]),
  ) as Record<CallEnding, number>;
}

export function emptyFigures(variant: string | null): Figures {
  return { variant, ...(Object.fromEntries(COUNTED.map((name) => [name, 0])) as Omit<Figures, 'variant' | 'calls'>) };
}

/**
 * A carrier that reports on what may have been sent has taken it. A STOP is a consent; a key pressed in the call and what a
 * carrier tells are suppressions that name the message. Of these the project is not asked for, nor the time as a range:
 * by those they would be looked for among all of a project or of a week.
 */
const people = (
  { id, project_id, mode, channel }: CampaignRow,
  { from, to }: ChunkRange,
): RawBuilder<Counts> => sql<Counts>`
  select r.variant, count(*) as recipients,
    sum(case when r.state = 'sent' then 1 when ${REPORTED} then 1 else 0 end) as sent,
    sum(case when r.state <> 'unknown' then 0 when ${REPORTED} then 0 else 1 end) as unknown,
    sum(case when m.status in ('delivered', 'read') then 1 else 0 end) as delivered,
    sum(case when m.status = 'read' then 1 else 0 end) as read,
    sum(case when exists (
      select 1 from links l where l.message_id = m.id and l.human_clicks > 0
    ) then 1 else 0 end) as clicked,
    sum(case when exists (
      select 1 from consent_entries e
      where e.address_hash = m.recipient_hash and e.project_id = ${project_id} and e.mode = ${mode}
        and e.recorded_at >= m.created_at and e.recorded_at < m.created_at + ${sql.lit(ATTRIBUTED_MS)}
        and e.state = 'revoked' and e.channel = m.channel
    ) or exists (
      select 1 from suppressions s
      where s.address_hash = m.recipient_hash and s.cause = m.id
        and s.created_at - m.created_at between 0 and ${sql.lit(ATTRIBUTED_MS - 1)}
    ) then 1 else 0 end) as opted_out,
    sum(case when exists (
      select 1 from inbound_messages i
      where i.sender_hash = m.recipient_hash and i.project_id = ${project_id} and i.mode = ${mode}
        and i.received_at >= m.created_at and i.received_at < m.created_at + ${sql.lit(ATTRIBUTED_MS)}
    ) then 1 else 0 end) as replied${channel === 'voice' ? ENDINGS : sql``}
  from campaign_recipients r left join messages m on m.id = r.message_id
  where r.campaign_id = ${id} and r.chunk >= ${from} and r.chunk < ${to} group by r.variant`;

const REPORTED = sql`r.state = 'unknown' and m.status not in ('unknown', 'failed')`;

const ENDINGS = sql.join(
  CALL_ENDINGS.map(
    (reason) => sql`,
    sum(case when m.status in ('undelivered', 'failed') and m.reason = ${sql.lit(reason)} then 1 else 0 end)
      as ${sql.ref(reason)}`,
  ),
  sql``,
);

const conversions = ({ id }: CampaignRow): RawBuilder<Counts> => sql<Counts>`
  select variant, count(distinct contact_id) as converted, count(*) as conversions
  from campaign_conversions where campaign_id = ${id} group by variant`;
