import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { readPages } from '../../db/read-pages.ts';
import { batchTransaction, writeTransaction } from '../../db/transaction.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import type { Erased, Eraser, Erasure } from '../../lib/subject.ts';
import { cancelMessage } from './cancel.ts';
import { messagesTo, ofSubject } from './collect-messages.ts';
import type { MessageRow } from './load.ts';
import { WAITING } from './message.ts';
import { deleteMessages } from './purge-messages.ts';

/** Messages to a person, and those that carried the codes of their verifications; what waits is called off first. */
export function createMessageEraser(db: Database, queue: JobQueue): Eraser {
  const isWaiting = (status: string) => WAITING.some((waiting) => waiting === status);

  return {
    name: 'messages',

    async callOff(erasure, now) {
      for await (const rows of pagesOf(db, erasure)) {
        for (const { id, project_id: project, mode, status } of rows) {
          // One that a carrier may have cannot be called off: its job goes with it.
          if (isWaiting(status)) await cancelMessage(db, queue, { project, mode, actor: erasure.actor }, id, now);
        }
      }
    },

    async erase(erasure, claim) {
      let count = 0;
      let unfinished = false;
      for await (const rows of pagesOf(db, erasure)) {
        // Somebody is handing it over, and writes of it in a moment.
        const ids = rows.filter(({ status }) => status !== 'sending').map(({ id }) => id);
        unfinished ||= ids.length < rows.length;
        if (ids.length === 0) continue;
        await claim(ids);
        await batchTransaction(db, {}, (batch) => batch.commit(queue.remove(ids)));
        await writeTransaction(db, {}, (trx) => deleteMessages(trx, ids));
        count += ids.length;
      }
      return { count, unfinished };
    },
  };
}

async function* pagesOf(db: Database, erasure: Erasure): AsyncGenerator<MessageRow[]> {
  yield* readPages(messagesTo(db, erasure).where('created_at', '<=', erasure.until));
  const claimed = db.kysely.selectFrom('erased_objects').select('object_id').where('erasure_id', '=', erasure.id);
  // However late they were written.
  yield* readPages(ofSubject(db, erasure).where('verification_id', 'in', claimed));
}

/** Messages from a person. Those that no project owns go with whoever asks. */
export function createInboundEraser({ kysely }: Database): Eraser {
  return {
    name: 'inbound_messages',
    async erase({ hash, project, modes, until }): Promise<Erased> {
      const own = kysely
        .deleteFrom('inbound_messages')
        .where('sender_hash', '=', hash)
        .where('mode', 'in', [...modes])
        .where('received_at', '<=', until);
      const reached = project === null ? own : own.where(sql<boolean>`coalesce(project_id, ${project}) = ${project}`);
      const gone = await reached.executeTakeFirst();
      return { count: Number(gone.numDeletedRows) };
    },
  };
}
