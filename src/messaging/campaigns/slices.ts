import type { CodeTraffic } from '../../lib/code-traffic.ts';

/**
 * How many are handed over under one mark: as many as the carriers answer within a moment, the slowest after the fastest.
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
/** Their rows, and what the carrier answers, take the event loop and the database for a few milliseconds at a time. */
const MOST_BESIDE_CODES = 32;
const SHORT_MS = 25;
const LONG_MS = 75;
const MAX_CAMPAIGNS = 1_000;

export function createSlices({ isAbout }: Pick<CodeTraffic, 'isAbout'>): Slices {
  const sizes = new Map<string, number>();
  const most = () => (isAbout() ? MOST_BESIDE_CODES : MOST);
  const size = (campaign: string) => Math.min(most(), sizes.get(campaign) ?? FIRST);
  return {
    size,
    took(campaign, count, ms) {
      const now = size(campaign);
      if (sizes.size >= MAX_CAMPAIGNS) sizes.clear();
      if (ms > LONG_MS) sizes.set(campaign, Math.max(LEAST, Math.floor(Math.min(now, count) / 2)));
      // The last of a chunk tells nothing.
      else if (ms < SHORT_MS && count >= now) {
        sizes.set(campaign, Math.max(sizes.get(campaign) ?? 0, Math.min(most(), now * 2)));
      }
    },
  };
}
