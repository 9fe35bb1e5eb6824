import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { amongUnlocked } from './locking.ts';
import type { Database } from './open.ts';

const TABLES = [
  ['limits', 'key'],
  ['idempotency', 'key'],
  ['token_redemptions', 'jti'],
  ['known_devices', 'key'],
] as const;

/** What the four have in common, but for the name of the key. */
type Expiring = Record<(typeof TABLES)[number][0], { expires_at: number }>;

const BATCH = 500;
/** So that one call ends even when rows expire as fast as they go. The next call goes on. */
const MAX_BATCHES = 100;

/** Deletes what has expired, a batch at a time, so that nobody waits long. Returns how many rows. */
export async function purgeExpired(db: Database, now: number): Promise<number> {
  let purged = 0;
  for (const [table, key] of TABLES) {
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const deleted = await deleteBatch(db, table, key, now);
      purged += deleted;
      if (deleted < BATCH) break;
      // SQLite works on this very thread.
      await nextTurn();
    }
  }
  return purged;
}

async function deleteBatch(db: Database, table: keyof Expiring, key: string, now: number): Promise<number> {
  const kysely = db.kysely as unknown as Kysely<Expiring>;
  const expired = kysely
    .selectFrom(table)
    .select(sql.ref(key).as('key'))
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(BATCH);
  const result = await kysely
    .deleteFrom(table)
    .where(amongUnlocked(db.dialect, key, expired))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
