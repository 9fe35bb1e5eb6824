import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { Job, JobQueue } from '../../jobs/queue.ts';
import type { MessageRow } from './load.ts';
import { WAITING } from './message.ts';

const REASON = 'outside_window';
/** Of a message that does not expire: then it is asked again. */
const LONGEST_MS = 86_400_000;

/** Puts one back that must not be sent before `opensAt`. Should it expire first, that is told in time. Uses up no try. */
export function waitForWindow(
  db: Database,
  queue: JobQueue,
  job: Job,
  { id, attempts, expires_at }: MessageRow,
  opensAt: number,
  now: number,
): Promise<void> {
  const waits = db.kysely
    .updateTable('messages')
    .set({ status: 'queued', reason: REASON, due_at: null, updated_at: now })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('status', 'in', [...WAITING, 'sending'])
    .compile();
  const dueAt = Math.min(opensAt, expires_at ?? now + LONGEST_MS);
  const putBack = queue.putBack([{ ...job, dueAt, tries: job.tries - 1, reason: REASON }]);
  return batchTransaction(db, {}, (batch) => batch.commit(waits, putBack));
}
