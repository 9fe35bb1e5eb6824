import type { CampaignRow } from './campaign.ts';
import type { Standing } from './read-recipients.ts';
import type { CampaignSums } from './stats.ts';

/** What is left of a campaign's recipients when the time they are kept for is over. */
export interface Totals {
  standings: Standing[];
  sums: CampaignSums;
}

/** Null: they are counted from the recipients. */
export function readTotals({ totals }: Pick<CampaignRow, 'totals'>): Totals | null {
  return totals === null ? null : (JSON.parse(totals) as Totals);
}
