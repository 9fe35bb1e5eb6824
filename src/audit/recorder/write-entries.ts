import { sql } from 'kysely';
import type { Batch } from '../../db/batch.ts';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { columnsOf, rowSetStatement } from '../../db/row-set.ts';
import { batchTransaction } from '../../db/transaction.ts';
import type { AuditEvent } from '../event.ts';
import { EVENT_COLUMNS, toEventRow } from '../events-table.ts';
import type { Entry } from './entry.ts';
import { createFolds } from './read-model.ts';

type Row = Record<keyof typeof EVENT_COLUMNS, string | number | null>;

/** Writes entries in one transaction. Writing them again changes nothing. */
export type WriteRecords = (entries: readonly Entry[]) => Promise<void>;

export function createWriteRecords(db: Database): WriteRecords {
  const fold = createFolds(db);
  const columns = columnsOf(EVENT_COLUMNS);
  const insertEvents = rowSetStatement(
    db,
    EVENT_COLUMNS,
    (rows) =>
      sql`insert into events (${columns}) select ${columns} from ${rows} where true on conflict (id) do nothing`,
  );

  return (entries) =>
    batchTransaction(db, { durable: true }, async (batch) => {
      const verifications = fold.verifications(entries);
      const late = entries.flatMap((entry) => (entry.late && entry.event?.verificationId ? [entry.event] : []));
      if (late.length > 0) {
        await batch.run(...verifications.splice(0));
        await numberLateEvents(db, batch, late);
      }
      const events = entries.flatMap(({ event }) => (event ? [toEventRow(event) as Row] : []));
      await batch.commit(...verifications, insertEvents(events), fold.budgets(entries));
    });
}

/** They come after all other events of their verification. */
async function numberLateEvents({ kysely, dialect }: Database, batch: Batch, late: readonly AuditEvent[]) {
  const ids = late.map(({ verificationId }) => verificationId as string);
  const verifications = kysely.selectFrom('verifications').select(['id', 'sequence']).where('id', 'in', ids);
  const own = late.map(({ id }) => id);
  // Read under the lock: another process may have written the same entries a moment ago.
  const [locked, known] = await batch.run(
    forUpdate(dialect, verifications.orderBy('id')).compile(),
    kysely.selectFrom('events').select('id').where('id', 'in', own).compile(),
  );
  const written = new Set(known.map(({ id }) => id));
  for (const { id, sequence } of locked) {
    const added = late.filter((event) => event.verificationId === id && !written.has(event.id));
    for (const [index, event] of added.entries()) event.sequence = sequence + index + 1;
    const last = sequence + added.length;
    await batch.run(kysely.updateTable('verifications').set({ sequence: last }).where('id', '=', id).compile());
  }
}
