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
  /** Of `sent`: their messages are kept no more, and nothing that is told by those is counted. */
  gone: number;
  /** Of `converted`, likewise. */
  converted_gone: number;
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
  'gone',
  'converted_gone',
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
  return addConversions(db, campaign, await peopleFigures(db, campaign));
}

/** The same without conversions. */
export async function peopleFigures(db: Kysely<Schema>, campaign: CampaignRow): Promise<Figures[]> {
  const figures: Figures[] = [];
  for await (const range of chunkRanges(campaign, COUNTED_CHUNKS)) {
    const { rows } = await people(campaign, range).execute(db);
    for (const row of rows) addCounts(figures, campaign, row);
  }
  return figures;
}

/** They are counted in one statement. */
export async function addConversions(
  db: Kysely<Schema>,
  campaign: CampaignRow,
  figures: Figures[],
): Promise<Figures[]> {
  const { rows } = await conversions(campaign).execute(db);
  for (const row of rows) addCounts(figures, campaign, row);
  return figures.sort((a, b) => (a.variant ?? '').localeCompare(b.variant ?? ''));
}

function addCounts(all: Figures[], { channel }: CampaignRow, row: Counts): void {
  const known = all.find(({ variant }) => variant === row.variant);
  const figures = known ?? emptyFigures(row.variant);
  if (!known) all.push(figures);
  for (const name of COUNTED) figures[name] += Number(row[name] ?? 0);
  if (channel === 'voice') addCalls(figures, row);
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
    sum(case when r.state = 'sent' and m.id is null then 1 else 0 end) as gone,
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
  select v.variant, count(distinct v.contact_id) as converted, count(*) as conversions,
    count(distinct case when m.id is null then v.contact_id end) as converted_gone
  from campaign_conversions v
    left join campaign_recipients r on r.campaign_id = v.campaign_id and r.contact_id = v.contact_id
    left join messages m on m.id = r.message_id
  where v.campaign_id = ${id} group by v.variant`;
