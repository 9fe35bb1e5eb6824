/**
 * How many are handed over under one mark: as many as the carriers answer in a moment, from the first answer to the last.
 * A crash leaves those unknown that were marked and not answered, and a code waits behind those that were handed over: so
 * slow carriers get small slices. How far away a carrier is makes no difference.
 */
export interface Slices {
  size(campaign: string): number;
  took(campaign: string, count: number, ms: number): void;
}

const FIRST = 32;
const LEAST = 8;
const MOST = 128;
const SHORT_MS = 25;
const LONG_MS = 75;
const MAX_CAMPAIGNS = 1_000;

export function createSlices(): Slices {
  const sizes = new Map<string, number>();
  const size = (campaign: string) => sizes.get(campaign) ?? FIRST;
  return {
    size,
    took(campaign, count, ms) {
      const now = size(campaign);
      if (sizes.size >= MAX_CAMPAIGNS) sizes.clear();
      if (ms > LONG_MS) sizes.set(campaign, Math.max(LEAST, Math.floor(Math.min(now, count) / 2)));
      // The last of a chunk tells nothing.
      else if (ms < SHORT_MS && count >= now) sizes.set(campaign, Math.min(MOST, now * 2));
    },
  };
}
