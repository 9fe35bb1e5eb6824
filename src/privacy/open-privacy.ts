import type { Database } from '../db/open.ts';
import { writeTransaction } from '../db/transaction.ts';
import type { Now } from '../lib/clock.ts';
import { claimErasure, saveErasure } from './erasures-table.ts';
import { createPrivacyWorker, type PrivacyWorker } from './privacy-worker.ts';
import { applyRetention, type RetentionDeps } from './retention.ts';
import { type SweepDeps, sweep } from './sweep.ts';

export interface PrivacyDeps extends SweepDeps, Omit<RetentionDeps, 'db' | 'keyring' | 'onError'> {
  db: Database;
  now: Now;
  onError(error: unknown): void;
}

/** After a sweep that failed: a store is away. */
const RETRY_MS = 15_000;

/** Erasures and retention, in the background. */
export function openPrivacy(deps: PrivacyDeps): PrivacyWorker {
  const { db, now, onError } = deps;
  return createPrivacyWorker({
    async sweepNext() {
      const row = await claimErasure(db, now());
      if (!row) return false;
      try {
        await sweep(deps, row, now());
      } catch (error) {
        await writeTransaction(db, {}, (trx) => saveErasure(trx, row, { due_at: now() + RETRY_MS })).catch(() => {});
        throw error;
      }
      return true;
    },
    applyRetention: (stopped) => applyRetention(deps, now(), stopped),
    onError,
  });
}
