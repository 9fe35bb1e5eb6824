import { type RecorderDeps, startRecorder } from '../../src/audit/recorder.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { openRedis, type RedisHandle } from '../../src/db/redis.ts';
import { type AcceptingStore, withAcceptanceLedger } from '../../src/verify/acceptance-ledger.ts';
import { createRedisStore } from '../../src/verify/redis-store.ts';
import { createSqlStore } from '../../src/verify/sql-store.ts';

/** Where a store lives. With Redis, the database holds the records. */
export interface Profile {
  databaseUrl: string;
  redisUrl?: string;
  /** False where recording is left to another process. */
  records?: boolean;
}

export interface Opened {
  store: AcceptingStore;
  db: Database;
  redis: RedisHandle | null;
  /** Resolves when every event so far is in the database. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Quiet: outages are what some tests are about. */
const log: NonNullable<RecorderDeps['log']> = { info: () => {}, warn: () => {} };

/** The store as the product puts it together. */
export async function openStore({ databaseUrl, redisUrl, records = true }: Profile): Promise<Opened> {
  const db = await openDatabase(databaseUrl);
  if (redisUrl === undefined) {
    const store = withAcceptanceLedger(createSqlStore(db), db);
    const close = () => {
      store.close();
      return db.close();
    };
    return { store, db, redis: null, drain: async () => {}, close };
  }
  const redis = await openRedis(redisUrl, log);
  const recorder = records ? startRecorder({ redis, db, log, now: Date.now }) : null;
  const redisStore = createRedisStore(redis, { db, poke: (shard) => recorder?.poke(shard), log });
  const store = withAcceptanceLedger(redisStore, db);
  return {
    store,
    db,
    redis,
    async drain() {
      if (!recorder) throw new Error('another process records');
      await recorder.drain();
      const { buried } = await recorder.lag();
      if (buried > 0) throw new Error(`${buried} events could not be recorded`);
    },
    async close() {
      store.close();
      await recorder?.stop();
      await redis.close();
      await db.close();
    },
  };
}
