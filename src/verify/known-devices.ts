import type { Kysely } from 'kysely';
import type { Schema } from '../db/schema.ts';
import { StoreUnavailable } from '../lib/errors.ts';
import type { KnownDevices } from './deps.ts';

const REMEMBERED_MS = 90 * 86_400_000;
/** A start does not wait longer for a database that hangs. */
const PATIENCE_MS = 250;

/**
 * Rows are devices, and owners whose devices were forgotten: a device counts if it was remembered after that, which
 * is when it expires later. A device that cannot be looked up counts as unknown: it shares the budget that strangers
 * share, which is the safe side.
 */
export function createKnownDevices(db: Kysely<Schema>): KnownDevices {
  async function put(key: string, now: number): Promise<void> {
    const row = { key, expires_at: now + REMEMBERED_MS };
    await db
      .insertInto('known_devices')
      .values(row)
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ expires_at: row.expires_at }))
      .execute();
  }

  async function find(device: string, owners: readonly string[], now: number): Promise<boolean> {
    const rows = await db
      .selectFrom('known_devices')
      .select(['key', 'expires_at'])
      .where('key', 'in', [device, ...owners])
      .where('expires_at', '>', now)
      .execute();
    const known = rows.find(({ key }) => key === device);
    return known !== undefined && rows.every((row) => row === known || row.expires_at < known.expires_at);
  }

  return {
    async isKnown(device, owners, now) {
      try {
        return await Promise.race([find(device, owners, now), afterMs(PATIENCE_MS)]);
      } catch (error) {
        if (error instanceof StoreUnavailable) return false;
        throw error;
      }
    },
    remember: put,
    forgetAll: put,
  };
}

function afterMs(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, ms, false).unref());
}
