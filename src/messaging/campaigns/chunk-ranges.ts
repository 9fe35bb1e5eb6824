import { setImmediate } from 'node:timers/promises';
import type { CampaignRow } from './campaign.ts';

/** The first of them, and the first after them. */
export interface ChunkRange {
  from: number;
  to: number;
}

/**
 * All chunks of a campaign, so many at a time: one may have more recipients than a single statement can count in time, or
 * without keeping others waiting.
 */
export async function* chunkRanges({ chunks }: Pick<CampaignRow, 'chunks'>, size: number): AsyncGenerator<ChunkRange> {
  for (let from = 1; from <= chunks; from += size) {
    if (from > 1) await setImmediate();
    yield { from, to: from + size };
  }
}
