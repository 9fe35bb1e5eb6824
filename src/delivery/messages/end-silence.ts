import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { messageEvents } from './events.ts';
import { jobOf } from './job-of.ts';
import { type LoadedMessage, type MessageRow, selectAttempts } from './load.ts';
import { readRoute } from './route-record.ts';
import { messageStatements } from './statements.ts';

/**
 * Messages that a carrier took and then said nothing about for as long as their route waits: they go to the next
 * provider as well, where the route says so, and are unknown in the end. A receipt may still come.
 */
export async function endSilence(
  db: Database,
  queue: JobQueue,
  ids: readonly string[],
  canFailOver: (loaded: LoadedMessage) => boolean,
  now: number,
): Promise<void> {
  if (ids.length === 0) return;
  const { kysely, dialect } = db;
  const statements = messageStatements(db);
  const query = kysely
    .selectFrom('messages')
    .selectAll()
    .where('id', 'in', [...ids])
    .where('status', '=', 'sent')
    .where('due_at', '<=', now)
    .orderBy('id');
  const goingOn = await batchTransaction(db, {}, async (batch) => {
    const [messages, attempts] = await batch.run(
      forUpdate(dialect, query).compile(),
      selectAttempts(db, ids).compile(kysely),
    );
    const byMessage = Map.groupBy(attempts, ({ message_id }) => message_id);
    const next = messages.map((message) => after({ message, attempts: byMessage.get(message.id) ?? [] }));
    const queued = next.filter(({ status }) => status === 'queued');
    await batch.commit(
      statements.saveMessages(next),
      statements.insertLooks(next),
      statements.insertEvents(
        next
          .filter(({ status }) => status === 'unknown')
          .flatMap((message) => messageEvents(message, 'unknown', 'system', now, { reason: 'no_receipt' })),
      ),
      queue.enqueue(queued.map((message) => jobOf(message, now))),
    );
    return queued.length > 0;
  });
  if (goingOn) queue.wake();

  function after(loaded: LoadedMessage): MessageRow {
    const { message, attempts } = loaded;
    const route = readRoute(message.route);
    const sentAt = attempts.at(-1)?.ended_at ?? message.updated_at;
    const timeoutAt = sentAt + (route?.receipt_timeout_seconds ?? 0) * 1000;
    const lives = message.expires_at === null || message.expires_at > now;
    if (message.purpose !== 'code' && route?.failover_after_seconds != null && lives && canFailOver(loaded)) {
      return { ...message, status: 'queued', due_at: null, updated_at: now };
    }
    if (timeoutAt > now) return { ...message, due_at: timeoutAt };
    return { ...message, status: 'unknown', reason: 'no_receipt', due_at: null, updated_at: now };
  }
}
