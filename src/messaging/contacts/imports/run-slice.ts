import type { KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from '../../../db/open.ts';
import { loadAttributes } from '../attributes.ts';
import { applyBatch, applyNewBatch, type ImportBatch, type Prepared, prepareNewBatch } from './apply-batch.ts';
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
const TURN = 50;

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
  const { tags, country } = options;
  const context: RowContext = { hashKey, attributes, columns, tags, country, now };

  let rows: ReadRow[] = [];
  let done = 0;
  let fault: string | null = null;
  let from = row.position;
  /** Where the last row ends. */
  let to = from;
  const writer = createWriter(deps, row, options);
  /** While a batch is read one is written and one waits, so that the database never does: whether to go on after each. */
  let [writing, waiting] = [Promise.resolve(true), Promise.resolve(true)];
  const write = async (batch: Omit<ImportBatch, 'rows' | 'from'>) => {
    const ready = writer.prepare({ ...batch, rows, from });
    done += rows.length;
    [rows, from] = [[], batch.to];
    if (!(await writing)) return false;
    const before = waiting;
    [writing, waiting] = [before, before.then((goesOn) => goesOn && ready())];
    // Whoever waits for it hears of it.
    waiting.catch(() => {});
    return true;
  };

  try {
    for await (const { cells, end } of csvRecords(db.kysely, id, from, delimiter)) {
      rows.push(readRow(context, cells));
      to = end;
      if (rows.length % TURN === 0) await nextTurn();
      if (rows.length < BATCH) continue;
      if (!(await write({ to }))) return false;
      if (done < maxRows) continue;
      if (!(await waiting)) return false;
      if (row.rows === 0) await analyze(db);
      return true;
    }
  } catch (error) {
    fault = csvFault(error);
    if (fault === null) throw error;
  }
  if (!(await waiting)) return false;
  // Before anybody hears that it is done and asks who is there now.
  if (row.rows + done > 0) await analyze(db);
  await write({ to: row.bytes, end: { fault } });
  await waiting;
  return false;
}

/** Writes one batch after the other. */
function createWriter(deps: SliceDeps, row: ImportRow, options: ImportOptions) {
  /** Before the next batch. */
  let { rows, failed } = row;
  /** If all people so far are new, the others most likely are, until somebody is not. Null: nobody knows. */
  let expectNew: boolean | null = null;
  if (options.dryRun) expectNew = false;
  else if (row.rows > 0) expectNew = row.created > 0 && row.updated === 0;

  async function write(batch: ImportBatch, prepared: Prepared | null): Promise<boolean> {
    if (prepared) {
      const after = await applyNewBatch(deps, prepared);
      if (after !== 'undone') return after !== null;
      expectNew = false;
    }
    const applied = await applyBatch(deps, row, options, batch);
    expectNew ??= applied?.isAllNew === true;
    return applied !== null;
  }

  return {
    /** What writes it when called, after the batch before it; answers with whether to go on. */
    prepare(batch: ImportBatch): () => Promise<boolean> {
      const before = { ...row, rows, failed };
      const prepareNew = () => (expectNew && !batch.end ? prepareNewBatch(deps, before, options, batch) : null);
      const early = prepareNew();
      rows += batch.rows.length;
      failed += batch.rows.filter(({ kind }) => kind === 'wrong').length;
      return () => write(batch, expectNew ? (early ?? prepareNew()) : null);
    },
  };
}

/** Rows looked at are 300 times that. */
const STATISTICS_TARGET = 10;

/**
 * PostgreSQL plans by what it last knew of a table, and finds out by itself within a minute or so: until then it would
 * take a table that has just been filled for an empty one. A look at a few rows is enough to tell these apart.
 */
async function analyze({ kysely, dialect }: Database): Promise<void> {
  if (dialect === 'sqlite') return;
  const looking = kysely.transaction().execute(async (trx) => {
    await sql`set local default_statistics_target = ${sql.lit(STATISTICS_TARGET)}`.execute(trx);
    await sql`analyze contacts, contact_addresses, contact_tags, list_members`.execute(trx);
  });
  await looking.catch(() => {
    // Somebody else is at it.
  });
}
