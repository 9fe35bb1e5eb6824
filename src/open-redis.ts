import { type Recorder, startRecorder } from './audit/recorder.ts';
import type { Database } from './db/open.ts';
import { openRedis, type RedisHandle } from './db/redis.ts';
import { createRedisIdempotencyStore } from './http/idempotency-redis.ts';
import type { IdempotencyStore, KeptAnswers } from './http/idempotency-store.ts';
import type { RateCounter } from './http/rate-counter.ts';
import { createRedisRateCounter } from './http/rate-counter-redis.ts';
import type { Now } from './lib/clock.ts';
import { createRedisStore, type RedisStore } from './verify/redis-store.ts';

/** What lives in Redis in the scaled profile. Loaded only there: the embedded profile starts without a Redis client. */
export interface RedisSide {
  redis: RedisHandle;
  /** Drains the event streams into SQL. */
  recorder: Recorder;
  store: RedisStore;
  idempotency: IdempotencyStore & KeptAnswers;
  rateCounter: RateCounter;
  close(): Promise<void>;
}

export interface RedisSideLog {
  info(message: string): void;
  warn(details: object, message: string): void;
}

export async function openRedisSide(url: string, db: Database, log: RedisSideLog, now: Now): Promise<RedisSide> {
  const redis = await openRedis(url, log);
  const recorder = startRecorder({ redis, db, log, now });
  const store = createRedisStore(redis, { db, poke: (shard) => recorder.poke(shard), log });
  return {
    redis,
    recorder,
    store,
    idempotency: createRedisIdempotencyStore(redis),
    rateCounter: createRedisRateCounter(redis),
    async close() {
      await recorder.stop();
      await redis.close();
    },
  };
}
