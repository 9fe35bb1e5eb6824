import { sql } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import type { Batch } from '../../db/batch.ts';
import type { Database } from '../../db/open.ts';
import { among, rowSet } from '../../db/row-set.ts';
import { together } from '../../db/together.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import {
  type Applied,
  type ApplyOptions,
  type AttemptReport,
  applyReceipts,
  type MessageState,
} from './apply-receipts.ts';
import type { Target } from './find-targets.ts';
import type { KeepOptOuts } from './gate.ts';
import { jobOf } from './job-of.ts';
import { selectAttempts, selectParts } from './load.ts';
import { findOptOuts, optOutEvent } from './opt-outs.ts';
import { messageStatements } from './statements.ts';

/** Until then a receipt of a code counts as not told to its verification. */
const TELL_MS = 15_000;

export interface WorkedIn {
  reports: AttemptReport[];
  /** Of codes: what is to be told, or needs no telling. */
  codes: { messageId: string; attempt: number }[];
  goesOn: boolean;
}

/** Works receipts into their messages: one transaction, under the locks of these messages. */
export function workIn(
  db: Database,
  queue: JobQueue,
  targets: readonly Target[],
  options: ApplyOptions & { keepOptOuts: KeepOptOuts },
  now: number,
): Promise<WorkedIn> {
  const { kysely } = db;
  const ids = [...new Set(targets.map(({ messageId }) => messageId))].sort();
  return batchTransaction(db, {}, async (batch) => {
    const [messages, attempts, parts, taken] = await batch.run(
      messageStatements(db).lockMessages(ids),
      selectAttempts(db, ids).compile(kysely),
      selectParts(db, ids).compile(kysely),
      takeReceipts(db, targets, now),
    );
    // Another process may have worked some of them in.
    const mine = new Set(taken.map(({ key }) => key));
    const own = targets.filter(({ receipt }) => mine.has(receipt.key));
    const byMessage = Map.groupBy(own, ({ messageId }) => messageId);
    const attemptsOf = Map.groupBy(attempts, (attempt) => attempt.message_id);
    const partsOf = Map.groupBy(parts, (part) => part.message_id);
    const applied = messages.flatMap((message) => {
      const about = byMessage.get(message.id);
      if (!about) return [];
      const state: MessageState = {
        message,
        attempts: attemptsOf.get(message.id) ?? [],
        parts: partsOf.get(message.id) ?? [],
      };
      return [applyReceipts(state, about, options, now)];
    });
    const optOuts = findOptOuts(messages, attempts, own);
    const [fresh] = optOuts.length > 0 ? await batch.run(options.keepOptOuts(optOuts, now)) : [[]];
    const said = new Set(fresh.map(({ cause }) => cause));
    const optedOut = messages.flatMap((message) => {
      const optOut = optOuts.find(({ messageId }) => messageId === message.id);
      return optOut && said.has(message.id) ? [optOutEvent(message, optOut, now)] : [];
    });
    await save(db, queue, batch, applied, optedOut);
    const codes = new Set(messages.filter(({ purpose }) => purpose === 'code').map(({ id }) => id));
    return {
      reports: applied.flatMap((one) => one.reports),
      codes: targets.filter(({ messageId }) => codes.has(messageId)),
      goesOn: applied.some(({ againAt }) => againAt !== null),
    };
  });
}

function save(
  db: Database,
  queue: JobQueue,
  batch: Batch,
  applied: readonly Applied[],
  optedOut: readonly AuditEvent[],
): Promise<void> {
  const statements = messageStatements(db);
  const ids = (chosen: readonly Applied[]) => chosen.map(({ state }) => state.message.id);
  const again = applied.flatMap(({ state, againAt }) => (againAt === null ? [] : [jobOf(state.message, againAt)]));
  return batch.commit(
    ...together(db.dialect, [
      statements.saveParts(applied.flatMap((one) => one.parts)),
      statements.saveAttempts(applied.flatMap((one) => one.attempts)),
      statements.saveMessages(applied.map(({ state }) => state.message)),
      statements.insertLooks(applied.map(({ state }) => state.message)),
      statements.insertEvents([...applied.flatMap((one) => one.events), ...optedOut]),
      queue.enqueue(again),
      queue.remove(ids(applied.filter(({ arrived }) => arrived))),
    ]),
  );
}

/** Those whose message is there and that nobody else took. Of a code they stay due until it is told. */
function takeReceipts({ kysely, dialect }: Database, targets: readonly Target[], now: number) {
  const keys = targets.map(({ receipt }) => receipt.key);
  const rows = targets.map(({ receipt, messageId, attempt }) => ({ key: receipt.key, message_id: messageId, attempt }));
  const columns = { key: 'text', message_id: 'text', attempt: 'bigint' } as const;
  return sql<{ key: string }>`
    update receipts set message_id = r.message_id, attempt = r.attempt,
      due_at = case when m.purpose = 'code' then cast(${now + TELL_MS} as bigint) end
    from ${rowSet(dialect, columns, rows)} join messages m on m.id = r.message_id
    where ${among(dialect, 'receipts.key', keys)} and receipts.key = r.key
      and receipts.message_id is null returning receipts.key
  `.compile(kysely);
}
