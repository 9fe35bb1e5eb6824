import type { CampaignRow } from './campaign.ts';
import type { Standing } from './read-recipients.ts';
import type { CampaignSums } from './stats.ts';

/** What a campaign's recipients add up to. */
export interface Counts {
  standings: Standing[];
  sums: CampaignSums;
}

/** What is left of them when the time they are kept for is over. */
export interface Totals extends Counts {
  countedAt: number;
}

/** Null: they are counted from the recipients. */
export function readTotals({ totals }: Pick<CampaignRow, 'totals'>): Totals | null {
  return totals === null ? null : (JSON.parse(totals) as Totals);
}
