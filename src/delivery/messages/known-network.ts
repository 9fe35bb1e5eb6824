import type { Database } from '../../db/open.ts';
import { createBatcher } from '../../lib/batch.ts';

/** MCC-MNC of a recipient as a carrier told it of an earlier message; null when none did. */
export type KnownNetwork = (recipientHash: string) => Promise<string | null>;

const BATCH = 100;
/** Numbers move between networks; what was told longer ago is as good as nothing. */
const KNOWN_FOR_MS = 90 * 86_400_000;
/** A code does not wait for a slow database: it is routed as if nothing were known. */
const PATIENCE_MS = 250;

export function createKnownNetwork({ kysely }: Database, now: () => number): KnownNetwork {
  const read = createBatcher(async (hashes: string[]) => {
    const rows = await kysely
      .selectFrom('messages')
      .select(['recipient_hash', 'mcc_mnc'])
      .where('recipient_hash', 'in', hashes)
      .where('mcc_mnc', 'is not', null)
      .where('created_at', '>', now() - KNOWN_FOR_MS)
      .orderBy('created_at')
      .execute();
    const newest = new Map(rows.map((row) => [row.recipient_hash, row.mcc_mnc]));
    return hashes.map((hash) => newest.get(hash) ?? null);
  }, BATCH);

  return (recipientHash) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS, null);
      read(recipientHash)
        .catch(() => null)
        .then(resolve)
        .finally(() => clearTimeout(timer));
    });
}
