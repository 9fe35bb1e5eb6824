import { type Kysely, sql } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { CampaignRow } from './campaign.ts';
import { fromMicros } from './spend.ts';
import { decisionAt, readExperiment } from './split.ts';
import { type Figures, sumFigures, variantFigures } from './stats-figures.ts';

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

export async function readStats(db: Kysely<Schema>, campaign: CampaignRow): Promise<CampaignStats> {
  const [figures, cost, value] = await Promise.all([
    variantFigures(db, campaign),
    sumMoney(db, campaign, 'campaign_recipients', 'cost'),
    sumMoney(db, campaign, 'campaign_conversions', 'value'),
  ]);
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

/** SQLite has no decimals: each amount is rounded to millionths before it is added. */
async function sumMoney(
  db: Kysely<Schema>,
  { id }: CampaignRow,
  table: 'campaign_recipients' | 'campaign_conversions',
  name: 'cost' | 'value',
): Promise<Money[]> {
  const [amount, currency] = [sql.ref(`${name}_amount`), sql.ref(`${name}_currency`)];
  const { rows } = await sql<{ currency: string; micros: number | string }>`
    select ${currency} as currency,
      sum(cast(round(cast(${amount} as numeric) * 1000000) as bigint)) as micros
    from ${sql.table(table)} where campaign_id = ${id} and ${amount} is not null
    group by ${currency} order by ${currency}`.execute(db);
  return rows.map((row) => ({ amount: fromMicros(Number(row.micros)), currency: row.currency }));
}
