import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { amongUnlocked } from './locking.ts';
import type { Database } from './open.ts';

/** An acceptance matters while its code could be offered again: ten minutes. A day leaves room for any clock. */
const ACCEPTANCE_KEPT_MS = 86_400_000;

/** Of a withdrawn one what the next answer is compared with, for as long as that could be right. */
const CODE_HASH_KEPT_MS = 900_000;

/** A receipt waits so long for a message that may still turn up. */
const PARKED_MS = 86_400_000;

/** Each table's key, the time that decides, how long after that time a row is kept, and what saves it if it has one. */
const TABLES = [
  { table: 'limits', key: 'key', time: 'expires_at', keptMs: 0 },
  { table: 'idempotency', key: 'key', time: 'expires_at', keptMs: 0 },
  { table: 'token_redemptions', key: 'jti', time: 'expires_at', keptMs: 0 },
  { table: 'known_devices', key: 'key', time: 'expires_at', keptMs: 0 },
  { table: 'acceptances', key: 'challenge_id', time: 'at', keptMs: ACCEPTANCE_KEPT_MS },
  { table: 'receipts', key: 'key', time: 'received_at', keptMs: PARKED_MS, savedBy: 'message_id' },
] as const satisfies Purged[];

interface Purged {
  table: string;
  key: string;
  time: string;
  keptMs: number;
  savedBy?: string;
}

const BATCH = 500;
/** So that one call ends even when rows expire as fast as they go. The next call goes on. */
const MAX_BATCHES = 100;

/** Deletes what has expired, a batch at a time, so that nobody waits long. Returns how many rows. */
export async function purgeExpired(db: Database, now: number): Promise<number> {
  let purged = 0;
  await db.kysely
    .updateTable('acceptances')
    .set({ code_hash: null })
    .where('code_hash', 'is not', null)
    .where('at', '<=', now - CODE_HASH_KEPT_MS)
    .execute();
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

async function deleteBatch(db: Database, { table, key, time, keptMs, savedBy }: Purged, now: number): Promise<number> {
  // The tables differ in nothing but these names, which Kysely's types cannot say.
  const kysely = db.kysely as unknown as Kysely<Record<string, Record<string, number | null>>>;
  const all = kysely.selectFrom(table).select(sql.ref(key).as('key'));
  // As the index of those has it.
  const unsaved = savedBy === undefined ? all : all.where(savedBy, 'is', null).where(time, '>', sql.lit(0));
  const expired = unsaved
    .where(time, '<=', now - keptMs)
    .orderBy(time)
    .limit(BATCH);
  const result = await kysely
    .deleteFrom(table)
    .where(amongUnlocked(db.dialect, key, expired))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
