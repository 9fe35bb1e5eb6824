/**
 * Token buckets shared by all instances, as GCRA (ITU-T I.371, annex A): of each bucket one number is kept, the time
 * at which the next message is due if they came evenly. Adapters: memory, SQL (both dialects), Redis.
 */
export interface TokenBuckets {
  /**
   * Takes the same number of tokens from each bucket, `count` or as many as there are: one atomic step. Throws
   * StoreUnavailable.
   */
  take(asks: readonly Ask[], count: number, now: number): Promise<Taken>;
}

/** One bucket, and how much may be taken out of it. */
export interface Ask {
  key: string;
  /** Microseconds between two messages. */
  interval: number;
  /** How far the next message may be due in the future, in microseconds; a multiple of the interval. */
  tolerance: number;
}

export interface Taken {
  granted: number;
  /** When fewer were granted: how long until the next one, ms. */
  waitMs: number;
}

/** The arithmetic, also of src/db/lua/take-tokens.lua. `arrivals`: of each bucket, 0 when there is none yet. */
export function takeFrom(
  asks: readonly Ask[],
  arrivals: readonly number[],
  count: number,
  now: number,
): Taken & { arrivals: number[] } {
  const micros = now * 1000;
  const begin = asks.map((_, at) => Math.max(micros, arrivals[at] ?? 0));
  let granted = count;
  for (const [at, { interval, tolerance }] of asks.entries()) {
    granted = Math.min(granted, Math.floor((tolerance - ((begin[at] ?? 0) - micros)) / interval));
  }
  granted = Math.max(0, granted);
  const after = asks.map(({ interval }, at) => (begin[at] ?? 0) + granted * interval);
  if (granted === count) return { granted, waitMs: 0, arrivals: after };
  const waits = asks.map(({ interval, tolerance }, at) => (after[at] ?? 0) + interval - tolerance - micros);
  return { granted, waitMs: Math.ceil(Math.max(...waits) / 1000), arrivals: after };
}

/** Of one instance alone. */
export function createMemoryBuckets(): TokenBuckets {
  const arrivals = new Map<string, number>();
  return {
    async take(asks, count, now) {
      const before = asks.map(({ key }) => arrivals.get(key) ?? 0);
      const { arrivals: after, ...taken } = takeFrom(asks, before, count, now);
      if (taken.granted > 0) for (const [at, { key }] of asks.entries()) arrivals.set(key, after[at] ?? 0);
      return taken;
    },
  };
}
