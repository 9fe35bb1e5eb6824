import type { Database } from '../db/open.ts';
import { type Tag, tagOfShard, tags } from '../db/redis/keys.ts';
import type { RedisHandle, RedisLog } from '../db/redis.ts';
import type { Now } from '../lib/clock.ts';
import { StoreUnavailable } from '../lib/errors.ts';
import { type Entry, parseEntry } from './recorder/entry.ts';
import { openStreams, type RawEntry, READ_COUNT, type RecorderLag } from './recorder/streams.ts';
import { writeEntries } from './recorder/write-entries.ts';

/**
 * Carries what happened from Redis into SQL: events, the read model of verifications, guess budgets. An entry leaves
 * its stream after the transaction that holds it was committed; one that is carried over twice (the process died in
 * between) changes nothing the second time. Any number of processes may run one.
 */
export interface Recorder {
  /** Something waits, in this shard if it is given: record it now rather than at the next look. */
  poke(shard?: number): void;
  /** Resolves when nothing waits any more; throws StoreUnavailable. */
  drain(): Promise<void>;
  /** For metrics. */
  lag(): Promise<RecorderLag>;
  /** Finishes what it is at. What waits stays in the streams. */
  stop(): Promise<void>;
}

export interface RecorderDeps {
  redis: RedisHandle;
  db: Database;
  log?: RedisLog;
  now: Now;
}

const IDLE_MS = 1_000;
/** Under load, entries gather for so long: a transaction of many costs little more than one of a few. */
const GATHER_MS = 10;
const LONGEST_BACK_OFF_MS = 5_000;

export function startRecorder({ redis, db, log, now }: RecorderDeps): Recorder {
  const streams = openStreams(redis);
  let poked = new Set<Tag>();
  let stopping = false;
  let wake = () => {};
  let turn: Promise<unknown> = Promise.resolve();

  /** Records a portion of what waits in these shards, and says which may hold more. */
  async function recordSome(of: readonly Tag[]): Promise<Tag[]> {
    const raw = await streams.read(of);
    const entries: Entry[] = [];
    for (const entry of raw) {
      try {
        entries.push(parseEntry(entry.tag, entry.id, entry.fields));
      } catch (error) {
        await bury(entry, error);
      }
    }
    await write(entries, raw);
    const counts = Map.groupBy(raw, ({ tag }) => tag);
    return of.filter((tag) => (counts.get(tag)?.length ?? 0) >= READ_COUNT);
  }

  /** An entry that SQL will not take is found by halving, so that it holds nothing else up. */
  async function write(entries: readonly Entry[], raw: readonly RawEntry[]): Promise<void> {
    if (entries.length === 0) return;
    try {
      await writeEntries(db, entries);
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      const [only] = entries;
      if (entries.length === 1 && only)
        return bury(raw.find(({ id, tag }) => id === only.id && tag === only.tag) as RawEntry, error);
      const half = Math.ceil(entries.length / 2);
      await write(entries.slice(0, half), raw);
      await write(entries.slice(half), raw);
      return;
    }
    await streams.remove(entries);
  }

  async function bury(entry: RawEntry, error: unknown): Promise<void> {
    log?.warn({ err: error, entry: entry.id }, 'an event cannot be recorded; it is put aside');
    await streams.bury(entry, String(error));
  }

  function takeTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  }

  function rest(ms: number, untilPoked: boolean): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        if (!untilPoked && !stopping) return;
        clearTimeout(timer);
        resolve();
      };
      if (stopping || (untilPoked && poked.size > 0)) wake();
    });
  }

  async function run(): Promise<void> {
    let failures = 0;
    let sweptAt = -IDLE_MS;
    while (!stopping) {
      const sweeping = performance.now() - sweptAt >= IDLE_MS;
      const shards = sweeping ? tags : [...poked];
      poked = new Set();
      try {
        for (const tag of await takeTurn(() => recordSome(shards))) poked.add(tag);
        if (sweeping) sweptAt = performance.now();
        if (failures > 0) log?.info('recording again');
        failures = 0;
      } catch (error) {
        if (failures === 0) log?.warn({ err: error }, 'recording is held up; events wait in redis');
        failures += 1;
        sweptAt = -IDLE_MS;
      }
      if (failures > 0) await rest(backOff(failures), false);
      else if (poked.size > 0) await rest(GATHER_MS, false);
      else await rest(IDLE_MS, true);
    }
  }
  const running = run();

  return {
    poke(shard) {
      for (const tag of shard === undefined ? tags : [tagOfShard(shard)]) poked.add(tag);
      wake();
    },
    async drain() {
      while ((await streams.lag(now())).entries > 0) await takeTurn(() => recordSome(tags));
    },
    lag: () => streams.lag(now()),
    async stop() {
      stopping = true;
      wake();
      await running;
      await streams.giveLeasesBack().catch(() => {});
    },
  };
}

function backOff(failures: number): number {
  const longest = Math.min(LONGEST_BACK_OFF_MS, 100 * 2 ** Math.min(failures, 10));
  return longest * (0.5 + Math.random() / 2);
}
