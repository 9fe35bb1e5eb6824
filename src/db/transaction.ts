import { setTimeout as sleep } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import { StoreUnavailable } from '../lib/errors.ts';
import type { Batch } from './batch.ts';
import { isRetryable } from './errors.ts';
import { withFullSync } from './full-sync.ts';
import type { Database } from './open.ts';
import type { Schema } from './schema.ts';

export interface TransactionOptions {
  /** Survives the loss of power. Postgres always does; SQLite then waits for the disk. */
  durable?: boolean;
}

const RETRIES = 3;
const RETRY_MS = 20;

/**
 * Runs `work` in one transaction, again from the start when Postgres asks for it (deadlock, serialization failure).
 * `work` must have no effects outside the transaction.
 */
export function writeTransaction<T>(
  db: Database,
  options: TransactionOptions,
  work: (trx: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  return retrying(() => {
    if (db.dialect === 'postgres' || !options.durable) return db.kysely.transaction().execute(work);
    return db.kysely.connection().execute((lent) => withFullSync(lent, () => lent.transaction().execute(work)));
  });
}

/** As writeTransaction, for the paths where every round trip counts; only what `work` commits is kept. */
export function batchTransaction<T>(
  db: Database,
  options: TransactionOptions,
  work: (batch: Batch) => Promise<T>,
): Promise<T> {
  return retrying(() => db.batch(options, work));
}

async function retrying<T>(attempt: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      if (retries === RETRIES) throw new StoreUnavailable('database', error);
      await sleep(Math.random() * RETRY_MS * 2 ** retries);
    }
  }
}
