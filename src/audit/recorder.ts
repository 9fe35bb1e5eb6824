import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../db/open.ts';
import { type Tag, tagOfShard, tags } from '../db/redis/keys.ts';
import type { RedisHandle, RedisLog } from '../db/redis.ts';
import type { Now } from '../lib/clock.ts';
import { type Portion, recordPortion } from './recorder/record-portion.ts';
import { openStreams, type RecorderLag } from './recorder/streams.ts';
import { createWriteRecords } from './recorder/write-entries.ts';

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

/** Between looks at all shards: pokes do not come from other processes. */
const SWEEP_MS = 250;
/**
 * Entries gather for so long: a transaction of many costs little more than one of a few, and of a verification that was
 * created and sent meanwhile one row is written instead of two versions of it.
 */
const GATHER_MS = 50;
const LONGEST_BACK_OFF_MS = 5_000;

export function startRecorder({ redis, db, log, now }: RecorderDeps): Recorder {
  const streams = openStreams(redis);
  const writeRecords = createWriteRecords(db);
  let poked = new Set<Tag>();
  let stopping = false;
  let wake = () => {};
  let turn: Promise<unknown> = Promise.resolve();

  /** One portion at a time, whoever asks. */
  function record(of: readonly Tag[]): Promise<Portion> {
    const mine = turn.then(() => recordPortion(streams, writeRecords, of, log));
    turn = mine.catch(() => {});
    return mine;
  }

  /** Ends early when stopped, or when poked if that is wanted. */
  function rest(ms: number, untilPoked = false): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        if (!stopping && !(untilPoked && poked.size > 0)) return;
        clearTimeout(timer);
        resolve();
      };
      wake();
    });
  }

  async function run(): Promise<void> {
    let failures = 0;
    let sweptAt = -SWEEP_MS;
    while (!stopping) {
      const sweeping = failures > 0 || performance.now() - sweptAt >= SWEEP_MS;
      const shards = sweeping ? tags : [...poked];
      poked = new Set();
      let more: readonly Tag[] = [];
      try {
        more = (await record(shards)).more;
        for (const tag of more) poked.add(tag);
        if (sweeping) sweptAt = performance.now();
        if (failures > 0) log?.info('recording again');
        failures = 0;
      } catch (error) {
        if (failures === 0) log?.warn({ err: error }, 'recording is held up; events wait in redis');
        failures += 1;
      }
      if (failures > 0) await rest(backOff(failures));
      else if (more.length > 0) continue;
      else if (poked.size > 0) await rest(GATHER_MS);
      else await rest(SWEEP_MS, true);
    }
  }
  const running = run();

  return {
    poke(shard) {
      for (const tag of shard === undefined ? tags : [tagOfShard(shard)]) poked.add(tag);
      wake();
    },
    async drain() {
      while ((await streams.lag(now())).entries > 0) {
        // Nothing handled: another process is at it.
        if ((await record(tags)).handled === 0) await sleep(GATHER_MS);
      }
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
