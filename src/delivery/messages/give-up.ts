import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { Claimed, JobQueue } from '../../jobs/queue.ts';
import { messageEvents } from './events.ts';
import { selectAttempts } from './load.ts';
import { type AttemptStatus, WAITING } from './message.ts';
import { messageStatements } from './statements.ts';
import { endOfAttempts } from './status.ts';

/** Buries a job that cannot be done, and ends its message, so that nobody waits for it. */
export function giveUpMessage(
  db: Database,
  queue: JobQueue,
  job: Claimed & { reason: string },
  now: number,
): Promise<void> {
  const statements = messageStatements(db);
  const unfinished = db.kysely
    .selectFrom('messages')
    .selectAll()
    .where('id', '=', job.id)
    .where('status', 'in', [...WAITING, 'sending']);
  return batchTransaction(db, {}, async (batch) => {
    const [messages, attempts] = await batch.run(
      forUpdate(db.dialect, unfinished).compile(),
      selectAttempts(db, [job.id]).compile(db.kysely),
    );
    const status = endOfAttempts([...attempts.map((attempt) => attempt.status as AttemptStatus), 'failed']);
    const reason = 'internal_error';
    await batch.commit(
      statements.saveMessages(
        messages.map((message) => ({ ...message, status, reason, due_at: null, updated_at: now })),
      ),
      statements.insertEvents(messages.flatMap((message) => messageEvents(message, status, 'system', now, { reason }))),
      queue.bury([job]),
    );
  });
}
