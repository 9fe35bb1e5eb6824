import type { KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from '../../../db/open.ts';
import { loadAttributes } from '../attributes.ts';
import { applyBatch, applyNewBatch, type ImportBatch } from './apply-batch.ts';
import { csvFault, csvRecords } from './csv-records.ts';
import type { ImportFormat, ImportOptions, ImportRow } from './import.ts';
import { type ReadRow, type RowContext, readRow } from './read-row.ts';

export interface SliceDeps {
  db: Database;
  hashKey: KeyObject;
  now(): number;
}

/** Rows to a transaction: enough that its round trips do not count. */
const BATCH = 1_000;
/** Rows read without letting others have the thread. */
const TURN = 200;

/**
 * Works in some of what is left of an import, a batch in a transaction that also moves its position: whoever comes
 * after, in this process or another, goes on there, and what two do at once counts once. False when nothing is left.
 */
export async function runSlice(deps: SliceDeps, id: string, maxRows: number): Promise<boolean> {
  const { db, hashKey, now } = deps;
  const row = await db.kysely.selectFrom('contact_imports').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row || row.format === null || !(row.status === 'queued' || row.status === 'running')) return false;
  const { project_id: project, mode } = row;
  const attributes = await loadAttributes(db.kysely, { project, mode });
  const { columns, delimiter } = JSON.parse(row.format) as ImportFormat;
  const options = JSON.parse(row.options) as ImportOptions;
  const context: RowContext = { hashKey, attributes, columns, tags: options.tags, now };

  let rows: ReadRow[] = [];
  let done = 0;
  let fault: string | null = null;
  let from = row.position;
  /** Where the last row ends. */
  let to = from;
  const writer = createWriter(deps, row, options);
  /** Of the batch that is being written while the next one is read: whether to go on. */
  let writing = Promise.resolve(true);
  const write = (batch: Omit<ImportBatch, 'rows' | 'from'>) => {
    writing = writer({ ...batch, rows, from });
    // Whoever waits for it hears of it.
    writing.catch(() => {});
    done += rows.length;
    [rows, from] = [[], batch.to];
  };

  try {
    for await (const { cells, end } of csvRecords(db.kysely, id, from, delimiter)) {
      rows.push(readRow(context, cells));
      to = end;
      if (rows.length % TURN === 0) await nextTurn();
      if (rows.length < BATCH) continue;
      if (!(await writing)) return false;
      write({ to });
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
  write({ to: row.bytes, end: { fault } });
  await writing;
  return false;
}

/** Writes one batch after the other; answers with whether to go on. */
function createWriter(deps: SliceDeps, row: ImportRow, options: ImportOptions) {
  let before = row;
  /** If all people of the first batch are new, those of the others most likely are, until somebody is not. */
  let expectNew: boolean | null = null;

  return async (batch: ImportBatch): Promise<boolean> => {
    if (expectNew && !batch.end) {
      const after = await applyNewBatch(deps, before, options, batch);
      if (after === null) return false;
      if (after !== 'known') {
        before = after;
        return true;
      }
      expectNew = false;
    }
    const applied = await applyBatch(deps, before, options, batch);
    if (applied === null) return false;
    before = applied.row;
    expectNew ??= applied.isAllNew && !options.dryRun;
    return true;
  };
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
