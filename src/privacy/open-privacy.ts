import type { Database } from '../db/open.ts';
import type { Now } from '../lib/clock.ts';
import { claimErasure } from './erasures-table.ts';
import { createPrivacyWorker, type PrivacyWorker } from './privacy-worker.ts';
import { applyRetention, type RetentionDeps } from './retention.ts';
import { type SweepDeps, sweep } from './sweep.ts';

export interface PrivacyDeps extends SweepDeps, Omit<RetentionDeps, 'db'> {
  db: Database;
  now: Now;
  onError(error: unknown): void;
}

/** Erasures and retention, in the background. */
export function openPrivacy(deps: PrivacyDeps): PrivacyWorker {
  const { db, now, onError } = deps;
  return createPrivacyWorker({
    async sweepNext() {
      const row = await claimErasure(db, now());
      if (row) await sweep(deps, row, now());
      return row !== undefined;
    },
    applyRetention: (stopped) => applyRetention(deps, now(), stopped),
    onError,
  });
}
