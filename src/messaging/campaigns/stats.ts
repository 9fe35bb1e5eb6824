import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { CampaignRow } from './campaign.ts';
import { type ChunkRange, chunkRanges } from './chunk-ranges.ts';
import { fromMicros } from './spend.ts';
import { decisionAt, readExperiment } from './split.ts';
import {
  addConversions,
  COUNTED_CHUNKS,
  emptyFigures,
  type Figures,
  peopleFigures,
  sumFigures,
} from './stats-figures.ts';

export interface Money {
  amount: string;
  currency: string;
}

export interface CampaignStats {
  total: Figures;
  /** Of a campaign with variants; what the rest got counts for the winner. */
  variants: Figures[];
  winner: { variant: string | null; decidedAt: number | null; decidesAt: number } | null;
  cost: Money[];
  /** Of conversions. */
  value: Money[];
}

/** What there is to add up. */
export interface CampaignSums {
  figures: Figures[];
  cost: Money[];
  value: Money[];
}

/** As they are before anybody is handed over. */
export function sumsAtStart({ recipients }: Pick<CampaignRow, 'recipients'>): CampaignSums {
  return { figures: [{ ...emptyFigures(null), recipients }], cost: [], value: [] };
}

export function toStats(campaign: CampaignRow, { figures, cost, value }: CampaignSums): CampaignStats {
  const experiment = readExperiment(campaign);
  return {
    total: sumFigures(figures),
    variants: experiment ? figures.filter(({ variant }) => variant !== null) : [],
    winner:
      experiment && experiment.sample_percent < 100
        ? {
            variant: experiment.winner ?? null,
            decidedAt: experiment.decided_at ?? null,
            decidesAt: decisionAt(experiment, campaign),
          }
        : null,
    ...{ cost, value },
  };
}

export async function countSums(db: Kysely<Schema>, campaign: CampaignRow): Promise<CampaignSums> {
  return addConverted(db, campaign, await countPeople(db, campaign));
}

/** The same without conversions: what takes long. */
export async function countPeople(db: Kysely<Schema>, campaign: CampaignRow): Promise<CampaignSums> {
  const figures = await peopleFigures(db, campaign);
  const costs = new Map<string, number>();
  for await (const range of chunkRanges(campaign, COUNTED_CHUNKS)) addMoney(costs, await sumCosts(db, campaign, range));
  return { figures, cost: toMoney(costs), value: [] };
}

export async function addConverted(
  db: Kysely<Schema>,
  campaign: CampaignRow,
  { figures, cost }: CampaignSums,
): Promise<CampaignSums> {
  const values = new Map<string, number>();
  addMoney(values, await sumValues(db, campaign));
  return { figures: await addConversions(db, campaign, structuredClone(figures)), cost, value: toMoney(values) };
}

interface Sum {
  currency: string;
  /** Millionths. */
  micros: number | string;
}

/** What carriers have said since the hand-over is with the messages: other prices, further calls, other carriers. */
async function sumCosts(db: Kysely<Schema>, { id }: CampaignRow, { from, to }: ChunkRange): Promise<Sum[]> {
  const amount = sql`coalesce(m.cost_amount, r.cost_amount)`;
  const { rows } = await sql<Sum>`
    select coalesce(m.cost_currency, r.cost_currency) as currency, sum(${micros(amount)}) as micros
    from campaign_recipients r left join messages m on m.id = r.message_id
    where r.campaign_id = ${id} and r.chunk >= ${from} and r.chunk < ${to} and ${amount} is not null
    group by 1`.execute(db);
  return rows;
}

async function sumValues(db: Kysely<Schema>, { id }: CampaignRow): Promise<Sum[]> {
  const { rows } = await sql<Sum>`
    select value_currency as currency, sum(${micros(sql`value_amount`)}) as micros
    from campaign_conversions where campaign_id = ${id} and value_amount is not null
    group by value_currency`.execute(db);
  return rows;
}

/** SQLite has no decimals: each amount is rounded to them before it is added. */
const micros = (amount: RawBuilder<unknown>) => sql`cast(round(cast(${amount} as numeric) * 1000000) as bigint)`;

function addMoney(sums: Map<string, number>, more: readonly Sum[]): void {
  for (const { currency, micros } of more) sums.set(currency, (sums.get(currency) ?? 0) + Number(micros));
}

function toMoney(sums: ReadonlyMap<string, number>): Money[] {
  return [...sums].map(([currency, micros]) => ({ amount: fromMicros(micros), currency })).sort(byCurrency);
}

const byCurrency = (a: Money, b: Money) => (a.currency < b.currency ? -1 : 1);
