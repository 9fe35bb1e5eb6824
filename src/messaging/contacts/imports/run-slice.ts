import type { KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../../../db/open.ts';
import { rowSet } from '../../../db/row-set.ts';
import type { Schema } from '../../../db/schema.ts';
import { writeTransaction } from '../../../db/transaction.ts';
import { loadAttributes } from '../attributes.ts';
import { retryingUnique } from '../change-contacts.ts';
import { insertMembers } from '../lists-table.ts';
import { type Saved, saveContacts } from '../save-contacts.ts';
import { csvFault, csvRecords } from './csv-records.ts';
import { type ImportFormat, type ImportOptions, type ImportRow, MAX_KEPT_ERRORS } from './import.ts';
import { endImport, lockImport } from './imports-table.ts';
import { type ReadRow, type RowContext, type RowError, readRow } from './read-row.ts';

export interface SliceDeps {
  db: Database;
  hashKey: KeyObject;
  now(): number;
}

/** Rows to a transaction: enough that its round trips do not count. */
const BATCH = 1_000;
/** Rows read without letting others have the thread. */
const TURN = 200;

/** What a batch moves, besides what it writes. */
interface Batch {
  rows: readonly ReadRow[];
  from: number;
  to: number;
}

/**
 * Works in some of what is left of an import, a batch in a transaction that also moves its position: whoever comes
 * after, in this process or another, goes on there, and what two do at once counts once. False when nothing is left.
 */
export async function runSlice(deps: SliceDeps, id: string, maxRows: number): Promise<boolean> {
  const { db, hashKey } = deps;
  const row = await db.kysely.selectFrom('contact_imports').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row || row.format === null || !(row.status === 'queued' || row.status === 'running')) return false;
  const { project_id: project, mode } = row;
  const attributes = await loadAttributes(db.kysely, { project, mode });
  const { columns, delimiter } = JSON.parse(row.format) as ImportFormat;
  const options = JSON.parse(row.options) as ImportOptions;
  const context: RowContext = { hashKey, attributes, columns, tags: options.tags };

  let from = row.position;
  let rows: ReadRow[] = [];
  let done = 0;
  let fault: string | null = null;
  /** Where the last row ends. */
  let to = from;
  /** Of the batch that is being written while the next one is read: whether to go on. */
  let writing = Promise.resolve(true);
  const write = (last: boolean) => {
    const batch = { rows, from, to: last ? row.bytes : to };
    done += rows.length;
    [rows, from] = [[], to];
    writing = applyBatch(deps, row, options, batch, last, fault);
    // Whoever waits for it hears of it.
    writing.catch(() => {});
  };

  try {
    for await (const { cells, end } of csvRecords(db.kysely, id, from, delimiter)) {
      rows.push(readRow(context, cells));
      to = end;
      if (rows.length % TURN === 0) await nextTurn();
      if (rows.length < BATCH) continue;
      if (!(await writing)) return false;
      write(false);
      if (done < maxRows) continue;
      if (!(await writing)) return false;
      if (row.rows === 0) await analyze(db);
      return true;
    }
  } catch (error) {
    fault = csvFault(error);
    if (fault === null) throw error;
  }
  if (!(await writing)) return false;
  // Before anybody hears that it is done and asks who is there now.
  if (row.rows + done > 0) await analyze(db);
  write(true);
  await writing;
  return false;
}

/**
 * PostgreSQL plans by what it last knew of a table, and finds out by itself within a minute or so: until then it would
 * take a table that has just been filled for an empty one.
 */
async function analyze({ kysely, dialect }: Database): Promise<void> {
  if (dialect === 'sqlite') return;
  await sql`analyze contacts, contact_addresses, contact_tags, list_members`.execute(kysely).catch(() => {
    // Somebody else is at it.
  });
}

/** False: it has ended, or another process is at it. */
function applyBatch(
  { db, now }: SliceDeps,
  { id, project_id: project, mode }: ImportRow,
  options: ImportOptions,
  { rows, from, to }: Batch,
  isLast: boolean,
  fault: string | null,
): Promise<boolean> {
  const owner = { project, mode };
  const drafts = rows.flatMap((row) => (row.kind === 'contact' ? row.draft : []));
  return retryingUnique(() =>
    writeTransaction(db, {}, async (trx) => {
      const before = await lockImport(trx, db.dialect, id);
      const isOurs = before?.position === from && (before.status === 'queued' || before.status === 'running');
      if (!before || !isOurs) return false;
      const at = now();
      const { onConflict, dryRun, list } = options;
      const saved = await saveContacts(trx, db.dialect, drafts, { owner, onConflict, dryRun, now: at });
      const members = saved.flatMap((one) => (one.id !== null && one.outcome !== 'refused' ? one.id : []));
      if (list !== null && !dryRun && members.length > 0) {
        await insertMembers(trx, db.dialect, owner, list, [...new Set(members)], at);
      }
      const tally = tallyOf(before, rows, saved);
      const status = 'running' as const;
      const after = {
        ...before,
        ...tally.counts,
        status,
        position: to,
        started_at: before.started_at ?? at,
        updated_at: at,
      };
      await trx.updateTable('contact_imports').set(after).where('id', '=', id).execute();
      if (before.failed < MAX_KEPT_ERRORS) await keepErrors(trx, db.dialect, id, tally.errors);
      if (isLast) {
        const end =
          fault === null ? ({ status: 'completed' } as const) : ({ status: 'failed', reason: fault } as const);
        await endImport(trx, after, end, { id: 'system', mode }, at);
      }
      return true;
    }),
  );
}

const REFUSED: Record<NonNullable<Saved['reason']>, string> = {
  exists: 'is there already',
  several_contacts: 'belongs to several contacts',
  other_external_id: 'belongs to a contact with another external id',
  too_many_tags: 'would have too many tags',
};

interface KeptError extends Omit<RowError, 'value'> {
  row: number;
  number: number;
  value: string | null;
}

function tallyOf(before: ImportRow, rows: readonly ReadRow[], saved: readonly Saved[]) {
  const counts = {
    rows: before.rows + rows.length,
    created: before.created,
    updated: before.updated,
    skipped: before.skipped,
    failed: before.failed,
  };
  const errors: KeptError[] = [];
  let next = 0;
  for (const [index, read] of rows.entries()) {
    const row = before.rows + index + 1;
    if (read.kind === 'blank') counts.skipped += 1;
    if (read.kind === 'wrong') {
      counts.failed += 1;
      for (const [number, error] of read.errors.entries()) errors.push({ ...error, row, number });
    }
    if (read.kind !== 'contact') continue;
    const one = saved[next];
    next += 1;
    if (!one) continue;
    if (one.outcome === 'refused') {
      counts.failed += 1;
      errors.push({ row, number: 0, field: 'row', reason: REFUSED[one.reason ?? 'exists'], value: null });
    } else counts[one.outcome] += 1;
  }
  return { counts, errors };
}

async function keepErrors(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  id: string,
  errors: readonly KeptError[],
): Promise<void> {
  if (errors.length === 0) return;
  const columns = { row: 'bigint', number: 'bigint', field: 'text', reason: 'text', value: 'text' } as const;
  const rows = errors.map(({ row, number, field, reason, value }) => ({ row, number, field, reason, value }));
  await sql`
    insert into contact_import_errors (import_id, row, number, field, reason, value)
    select ${id}, "row", number, field, reason, value from ${rowSet(dialect, columns, rows)} where true
  `.execute(trx);
}
