import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import type { MessageCaller } from './create.ts';
import { messageEvents } from './events.ts';
import type { MessageRow } from './load.ts';
import { type MessageStatus, WAITING } from './message.ts';
import { messageStatements } from './statements.ts';

export type CancelResult =
  | { kind: 'canceled'; message: MessageRow }
  | { kind: 'not_found' }
  /** A provider has it, or may have it, or it has ended. */
  | { kind: 'too_late'; status: MessageStatus };

/** Calls a message off that nobody has handed over yet. It is then certainly never sent. */
export function cancelMessage(
  db: Database,
  queue: JobQueue,
  { project, mode, actor }: MessageCaller,
  id: string,
  now: number,
): Promise<CancelResult> {
  const own = db.kysely.selectFrom('messages').selectAll().where('id', '=', id);
  const find = own.where('project_id', '=', project).where('mode', '=', mode).compile();
  const cancel = db.kysely
    .updateTable('messages')
    .set({ status: 'canceled', due_at: null, updated_at: now })
    .where('id', '=', id)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('purpose', '<>', 'code')
    .where('status', 'in', [...WAITING])
    // It may wait for another carrier because the one that has it is silent; of a call that ended nobody has anything.
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('message_attempts')
            .select('number')
            .whereRef('message_id', '=', 'messages.id')
            .where('message_attempts.status', 'not in', ['failed', 'rejected', 'undelivered']),
        ),
      ),
    )
    .returningAll()
    .compile();
  return batchTransaction(db, {}, async (batch): Promise<CancelResult> => {
    const [[canceled], [found]] = await batch.run(cancel, find);
    if (!canceled) return found ? { kind: 'too_late', status: found.status as MessageStatus } : { kind: 'not_found' };
    await batch.commit(
      messageStatements(db).insertEvents(messageEvents(canceled, 'canceled', actor, now)),
      queue.remove([id]),
    );
    return { kind: 'canceled', message: canceled };
  });
}
