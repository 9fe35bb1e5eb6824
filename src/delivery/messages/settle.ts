import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { Claimed, JobQueue } from '../../jobs/queue.ts';
import { messageEvents } from './events.ts';
import type { MessageRow } from './load.ts';
import type { MessageStatus } from './message.ts';
import { messageStatements } from './statements.ts';

/** Ends a message that was not handed over, and its job. Whoever changed it meanwhile has the better of it. */
export function settleMessage(
  db: Database,
  queue: JobQueue,
  message: MessageRow,
  status: MessageStatus,
  reason: string,
  job: Claimed,
  now: number,
): Promise<void> {
  const end = db.kysely
    .updateTable('messages')
    .set({ status, reason, due_at: null, updated_at: now })
    .where('id', '=', message.id)
    .where('status', '=', message.status)
    .where('attempts', '=', message.attempts)
    .returning('id')
    .compile();
  return batchTransaction(db, {}, async (batch) => {
    const [changed] = await batch.run(end);
    const events = changed.length > 0 ? messageEvents(message, status, 'system', now, { reason }) : [];
    await batch.commit(messageStatements(db).insertEvents(events), queue.complete([job]));
  });
}
