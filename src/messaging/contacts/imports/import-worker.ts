import { batchTransaction, writeTransaction } from '../../../db/transaction.ts';
import { createQueue, type Job, type JobQueue } from '../../../jobs/queue.ts';
import { createJobWorker, type JobWorker } from '../../../jobs/worker.ts';
import { ENDED } from './import.ts';
import { endImport, lockImport } from './imports-table.ts';
import { purgeImports } from './keep-upload.ts';
import { runSlice, type SliceDeps } from './run-slice.ts';

export interface Imports {
  queue: JobQueue;
  worker: JobWorker;
  /** Forgets uploads that never ended and imports of long ago. */
  purge(now: number): Promise<void>;
}

/** What one lease is enough for many times over; after a process died, another one goes on when it ends. */
const SLICE_ROWS = 50_000;
const LEASE_MS = 30_000;

export function openImports(deps: SliceDeps & { onError(error: unknown): void }): Imports {
  const { db, now, onError } = deps;
  const queue = createQueue(db, 'contact_imports', [1]);

  async function run(job: Job): Promise<void> {
    const goesOn = await runSlice(deps, job.id, SLICE_ROWS);
    // Others' imports have their turn in between.
    const next = goesOn ? queue.putBack([{ ...job, dueAt: now(), tries: 0 }]) : queue.complete([job]);
    await batchTransaction(db, {}, (batch) => batch.commit(next));
    if (goesOn) queue.wake();
  }

  async function giveUp(job: Job, reason: string): Promise<void> {
    await writeTransaction(db, {}, async (trx) => {
      const row = await lockImport(trx, db.dialect, job.id);
      if (!row || ENDED.includes(row.status)) return;
      await endImport(
        trx,
        row,
        { status: 'failed', reason: 'internal_error' },
        { id: 'system', mode: row.mode },
        now(),
      );
    });
    await batchTransaction(db, {}, (batch) => batch.commit(queue.bury([{ ...job, reason }])));
  }

  const worker = createJobWorker({
    db,
    queue,
    now,
    run,
    giveUp,
    onError,
    leaseMs: LEASE_MS,
    slots: 2,
    slotsOfOwner: 1,
  });
  return { queue, worker, purge: (at) => purgeImports(db, at) };
}
