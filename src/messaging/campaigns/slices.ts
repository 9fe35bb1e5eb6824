/**
 * How many are handed over under one mark: as many as the carriers take in a moment. A crash leaves those unknown that
 * were marked and not answered, so slow carriers get small slices, and fast ones make few marks.
 */
export interface Slices {
  size(campaign: string): number;
  took(campaign: string, count: number, ms: number): void;
}

const FIRST = 32;
const LEAST = 8;
const MOST = 250;
const SHORT_MS = 120;
const LONG_MS = 500;
const MAX_CAMPAIGNS = 1_000;

export function createSlices(): Slices {
  const sizes = new Map<string, number>();
  const size = (campaign: string) => sizes.get(campaign) ?? FIRST;
  return {
    size,
    took(campaign, count, ms) {
      const now = size(campaign);
      // The last of a chunk tells nothing.
      if (count < now) return;
      if (sizes.size >= MAX_CAMPAIGNS) sizes.clear();
      if (ms < SHORT_MS) sizes.set(campaign, Math.min(MOST, now * 2));
      else if (ms > LONG_MS) sizes.set(campaign, Math.max(LEAST, Math.floor(now / 2)));
    },
  };
}
