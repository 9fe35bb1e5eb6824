import { createBatcher } from '../../lib/batch.ts';
import type { Purpose } from '../provider.ts';
import type { Bucket, Routing } from './router.ts';
import { type Ask, createMemoryBuckets, type TokenBuckets } from './token-buckets.ts';

export interface TakeTokensDeps {
  buckets: TokenBuckets;
  onDegraded(error: unknown): void;
  onRecovered(): void;
}

/** Tokens are taken ahead for this long at most, so that bulk does not ask for each message. */
const AHEAD_MS = 100;
/** After a failure the shared buckets are left alone this long. */
const RETRY_MS = 1_000;
const MAX_BATCH = 1_000;
/** Nobody sleeps longer than this on what clocks that differ, or a rate that was changed, made of a bucket. */
const LONGEST_WAIT_MS = 5_000;
/** Ways to go that are remembered; tables change. */
const MAX_LANES = 2_000;

/** The same buckets and the same purpose. */
interface Lane {
  ask(now: number): Promise<number>;
  held: { left: number; until: number };
  /** Nothing can be had before. */
  waitUntil: number;
}

/**
 * `Routing.take`. Bulk leaves a part of each bucket alone; codes may take all of it and half as much again, which is
 * then missing to the others. So a code never waits for bulk, only for other codes. Over any time at most
 * `perSecond × time + 2 × burst` go.
 *
 * While the shared buckets do not answer, or a clock is wrong, codes are counted by this instance alone and bulk waits.
 */
export function createTakeTokens({ buckets, onDegraded, onRecovered }: TakeTokensDeps): Routing['take'] {
  const lanes = new Map<string, Lane>();
  const alone = createMemoryBuckets();
  let failing = false;
  let retryAt = 0;

  async function take(asks: readonly Ask[], count: number, purpose: Purpose, now: number) {
    if (!failing || now >= retryAt) {
      // One call finds out whether they are back; the others do not wait for it.
      if (failing) retryAt = now + RETRY_MS;
      try {
        const taken = await buckets.take(asks, count, now);
        if (failing) onRecovered();
        failing = false;
        // Without a wrong clock somewhere the next code may go within one interval.
        const isOff = purpose === 'code' && taken.waitMs > 1_000 + (2 * slowestOf(asks)) / 1000;
        return isOff ? alone.take(asks, count, now) : taken;
      } catch (error) {
        if (!failing) onDegraded(error);
        failing = true;
        retryAt = now + RETRY_MS;
      }
    }
    return purpose === 'code' ? alone.take(asks, count, now) : { granted: 0, waitMs: RETRY_MS };
  }

  function createLane(given: readonly Bucket[], purpose: Purpose): Lane {
    const asks = [...new Map(given.map((bucket) => [bucket.key, toAsk(bucket, purpose)])).values()];
    const slowest = slowestOf(asks);
    const ahead = purpose === 'code' ? 0 : Math.min(...given.map(mayTakeAhead));
    // What was taken ahead is lost by the time half a burst has come anew: more never adds to a burst.
    const heldMs = Math.min(AHEAD_MS, ...given.map(({ perSecond, burst }) => (1000 * burst) / 2 / perSecond));

    async function run(calls: number[]): Promise<number[]> {
      const now = Math.max(...calls);
      const { granted, waitMs } = await take(asks, calls.length + ahead, purpose, now);
      if (granted >= calls.length) lane.held = { left: granted - calls.length, until: now + heldMs };
      else lane.waitUntil = now + Math.min(waitMs, LONGEST_WAIT_MS);
      // Those that wait come back one after the other.
      return calls.map((_, at) => (at < granted ? 0 : waitMs + Math.floor(((at - granted) * slowest) / 1000)));
    }

    const lane: Lane = { ask: createBatcher(run, MAX_BATCH), held: { left: 0, until: 0 }, waitUntil: 0 };
    return lane;
  }

  function laneOf(given: readonly Bucket[], purpose: Purpose): Lane {
    let name: string = purpose;
    for (const { key, perSecond, burst } of given) name += `\n${key} ${perSecond} ${burst}`;
    const known = lanes.get(name);
    if (known) return known;
    const made = createLane(given, purpose);
    if (lanes.size >= MAX_LANES) lanes.delete(lanes.keys().next().value as string);
    lanes.set(name, made);
    return made;
  }

  return async (given, purpose, now) => {
    if (given.length === 0) return 0;
    const lane = laneOf(given, purpose);
    if (lane.held.left > 0 && now < lane.held.until) {
      lane.held.left -= 1;
      return 0;
    }
    return now < lane.waitUntil ? lane.waitUntil - now : lane.ask(now);
  };
}

const slowestOf = (asks: readonly Ask[]) => Math.max(...asks.map(({ interval }) => interval));

const mayTakeAhead = ({ perSecond, burst }: Bucket) => Math.floor(Math.min((perSecond * AHEAD_MS) / 1000, burst / 2));

const AT_ONCE: Record<Purpose, (burst: number) => number> = {
  code: (burst) => burst + Math.max(1, Math.floor(burst / 2)),
  transactional: (burst) => burst - Math.floor(burst / 4),
  marketing: (burst) => burst - Math.floor(burst / 2),
};

function toAsk({ key, perSecond, burst }: Bucket, purpose: Purpose): Ask {
  const interval = Math.ceil(1_000_000 / perSecond);
  return { key, interval, tolerance: AT_ONCE[purpose](burst) * interval };
}
