import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { CampaignRow } from './campaign.ts';
import { chunkRanges } from './chunk-ranges.ts';
import { fromMicros } from './spend.ts';
import { decisionAt, readExperiment } from './split.ts';
import { emptyFigures, type Figures, sumFigures, variantFigures } from './stats-figures.ts';

/** Chunks added up in one statement. */
const COUNTED_CHUNKS = 50;

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
  const figures = await variantFigures(db, campaign);
  const costs = new Map<string, number>();
  for await (const { from, to } of chunkRanges(campaign, COUNTED_CHUNKS)) {
    await addMoney(
      db,
      costs,
      'cost',
      sql`campaign_recipients`,
      sql`campaign_id = ${campaign.id} and chunk >= ${from} and chunk < ${to}`,
    );
  }
  const values = new Map<string, number>();
  await addMoney(db, values, 'value', sql`campaign_conversions`, sql`campaign_id = ${campaign.id}`);
  return { figures, cost: toMoney(costs), value: toMoney(values) };
}

/** Millionths by currency. SQLite has no decimals: each amount is rounded to them before it is added. */
async function addMoney(
  db: Kysely<Schema>,
  sums: Map<string, number>,
  name: 'cost' | 'value',
  table: RawBuilder<unknown>,
  condition: RawBuilder<unknown>,
): Promise<void> {
  const [amount, currency] = [sql.ref(`${name}_amount`), sql.ref(`${name}_currency`)];
  const { rows } = await sql<{ currency: string; micros: number | string }>`
    select ${currency} as currency,
      sum(cast(round(cast(${amount} as numeric) * 1000000) as bigint)) as micros
    from ${table} where ${condition} and ${amount} is not null
    group by ${currency}`.execute(db);
  for (const { currency: of, micros } of rows) sums.set(of, (sums.get(of) ?? 0) + Number(micros));
}

function toMoney(sums: ReadonlyMap<string, number>): Money[] {
  return [...sums].map(([currency, micros]) => ({ amount: fromMicros(micros), currency })).sort(byCurrency);
}

const byCurrency = (a: Money, b: Money) => (a.currency < b.currency ? -1 : 1);
