import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { messageEvents } from './events.ts';
import { selectAttempts } from './load.ts';
import type { AttemptStatus } from './message.ts';
import { type MessageChange, messageStatements } from './statements.ts';
import { statusOfAttempts } from './status.ts';

/**
 * Messages whose process died while it sent them. An attempt that was under way may have reached the carrier: it is
 * unknown, and nobody repeats it. A code whose process died between two tries was not sent; of other messages the job
 * is still there and goes on.
 */
export function loseSends(db: Database, queue: JobQueue, ids: readonly string[], now: number): Promise<number> {
  if (ids.length === 0) return Promise.resolve(0);
  const statements = messageStatements(db);
  const lock = forUpdate(
    db.dialect,
    db.kysely
      .selectFrom('messages')
      .selectAll()
      .where('id', 'in', [...ids])
      .where('status', '=', 'sending')
      .orderBy('id'),
  ).compile();
  return batchTransaction(db, {}, async (batch) => {
    const [messages, attempts] = await batch.run(lock, selectAttempts(db, ids).compile(db.kysely));
    const ended = attempts
      .filter(({ status, message_id }) => status === 'sending' && messages.some(({ id }) => id === message_id))
      .map((attempt) => ({ ...attempt, status: 'unknown', reason: 'process_lost', ended_at: now }));
    const changes: MessageChange[] = [];
    const events = messages.flatMap((message) => {
      const own = attempts.filter(({ message_id }) => message_id === message.id);
      const lost = own.at(-1)?.status === 'sending';
      if (!lost && message.purpose !== 'code') {
        changes.push({ ...message, due_at: null });
        return [];
      }
      const status = statusOfAttempts(
        own.map((one) => (one.status === 'sending' ? 'unknown' : one.status) as AttemptStatus),
      );
      changes.push({ ...message, status, reason: 'process_lost', due_at: null, updated_at: now });
      return messageEvents(message, status, 'system', now, { reason: 'process_lost' });
    });
    const gone = changes.filter(({ status }) => status !== 'sending').map(({ id }) => id);
    await batch.commit(
      statements.saveAttempts(ended),
      statements.saveMessages(changes),
      statements.insertEvents(events),
      queue.remove(gone),
    );
    return messages.length;
  });
}
