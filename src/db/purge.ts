import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { amongUnlocked } from './locking.ts';
import type { Database } from './open.ts';

/** An acceptance matters while its code could be offered again: ten minutes. A day leaves room for any clock. */
const ACCEPTANCE_KEPT_MS = 86_400_000;

/** Each table's key, the time that decides, and how long after that time a row is kept. */
const TABLES = [
  { table: 'limits', key: 'key', time: 'expires_at', keptMs: 0 },
  { table: 'idempotency', key: 'key', time: 'expires_at', keptMs: 0 },
  { table: 'token_redemptions', key: 'jti', time: 'expires_at', keptMs: 0 },
  { table: 'known_devices', key: 'key', time: 'expires_at', keptMs: 0 },
  { table: 'acceptances', key: 'challenge_id', time: 'at', keptMs: ACCEPTANCE_KEPT_MS },
] as const;

type Purged = (typeof TABLES)[number];

const BATCH = 500;
/** So that one call ends even when rows expire as fast as they go. The next call goes on. */
const MAX_BATCHES = 100;

/** Deletes what has expired, a batch at a time, so that nobody waits long. Returns how many rows. */
export async function purgeExpired(db: Database, now: number): Promise<number> {
  let purged = 0;
  for (const table of TABLES) {
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const deleted = await deleteBatch(db, table, now);
      purged += deleted;
      if (deleted < BATCH) break;
      // SQLite works on this very thread.
      await nextTurn();
    }
  }
  return purged;
}

async function deleteBatch(db: Database, { table, key, time, keptMs }: Purged, now: number): Promise<number> {
  // The tables differ in nothing but these names, which Kysely's types cannot say.
  const kysely = db.kysely as unknown as Kysely<Record<string, Record<string, number>>>;
  const expired = kysely
    .selectFrom(table)
    .select(sql.ref(key).as('key'))
    .where(time, '<=', now - keptMs)
    .orderBy(time)
    .limit(BATCH);
  const result = await kysely
    .deleteFrom(table)
    .where(amongUnlocked(db.dialect, key, expired))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
