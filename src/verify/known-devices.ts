import type { Kysely } from 'kysely';
import type { Schema } from '../db/schema.ts';
import { StoreUnavailable } from '../lib/errors.ts';
import type { KnownDevices } from './deps.ts';

const REMEMBERED_MS = 90 * 86_400_000;
/** A start does not wait longer for a database that hangs. */
const PATIENCE_MS = 250;

/** A device that cannot be looked up counts as unknown: it shares the budget that strangers share, which is the safe side. */
export function createKnownDevices(db: Kysely<Schema>): KnownDevices {
  return {
    async isKnown(key, now) {
      try {
        const lookup = db
          .selectFrom('known_devices')
          .select('key')
          .where('key', '=', key)
          .where('expires_at', '>', now)
          .executeTakeFirst();
        return (await Promise.race([lookup, afterMs(PATIENCE_MS)])) !== undefined;
      } catch (error) {
        if (error instanceof StoreUnavailable) return false;
        throw error;
      }
    },
    async remember(key, now) {
      const row = { key, expires_at: now + REMEMBERED_MS };
      await db
        .insertInto('known_devices')
        .values(row)
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ expires_at: row.expires_at }))
        .execute();
    },
  };
}

function afterMs(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref());
}
