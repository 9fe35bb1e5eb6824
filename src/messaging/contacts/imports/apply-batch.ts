import { type CompiledQuery, type RawBuilder, type SqlBool, sql } from 'kysely';
import { isRetryable, isUniqueViolation } from '../../../db/errors.ts';
import type { Database } from '../../../db/open.ts';
import { rowSet } from '../../../db/row-set.ts';
import { batchTransaction, writeTransaction } from '../../../db/transaction.ts';
import { retryingUnique } from '../change-contacts.ts';
import type { ContactDraft } from '../contact.ts';
import { insertMembers, insertNewMembers } from '../lists-table.ts';
import { mergeDrafts, type Saved } from '../merge-drafts.ts';
import { saveContacts } from '../save-contacts.ts';
import { writeContacts } from '../write-contacts.ts';
import { type ImportOptions, type ImportRow, MAX_KEPT_ERRORS } from './import.ts';
import { endImport, lockImport, moveImport } from './imports-table.ts';
import type { ReadRow } from './read-row.ts';
import { type KeptError, tallyBatch } from './tally-batch.ts';

/** Rows of an import, from one position to another. */
export interface ImportBatch {
  rows: readonly ReadRow[];
  from: number;
  to: number;
  /** With it the import ends; `fault`: where the file cannot be read on. */
  end?: { fault: string | null };
}

export interface BatchDeps {
  db: Database;
  now(): number;
}

/** The import after it, and whether all of its people are new. */
interface Applied {
  row: ImportRow;
  isAllNew: boolean;
}

/** Writes a batch and moves the import on, in a transaction. Null: it has ended, or another process is at it. */
export function applyBatch(
  { db, now }: BatchDeps,
  { id, project_id: project, mode }: ImportRow,
  options: ImportOptions,
  batch: ImportBatch,
): Promise<Applied | null> {
  return retryingUnique(() =>
    writeTransaction(db, {}, async (trx) => {
      const before = await lockImport(trx, db.dialect, id);
      if (before?.position !== batch.from) return null;
      const at = now();
      const { onConflict, dryRun } = options;
      const saved = await saveContacts(trx, db.dialect, draftsOf(batch), {
        ...{ owner: { project, mode }, onConflict, dryRun, now: at },
      });
      const { counts, errors } = tallyBatch(before.rows, batch.rows, saved);
      const row = await moveImport(trx, id, batch, counts, at).executeTakeFirst();
      if (!row) return null;
      for (const statement of besides(db.dialect, before, options, saved, errors, at)) await statement.execute(trx);
      if (batch.end) await endImport(trx, row, endOf(batch.end), { id: 'system', mode }, at);
      return { row, isAllNew: saved.every(({ outcome }) => outcome === 'created') };
    }),
  );
}

/** Of a batch, ready to be sent; the first statement moves the import. */
export type Prepared = [CompiledQuery<ImportRow>, ...CompiledQuery[]];

/**
 * What writes a batch of people who are most likely all new: nobody is looked up, since unique indexes tell whoever is
 * there. It does not depend on what the batches before it did, so it is made while they are written. On PostgreSQL it is
 * one statement, which is a transaction and a round trip.
 */
export function prepareNewBatch(
  { db, now }: BatchDeps,
  before: Pick<ImportRow, 'id' | 'project_id' | 'mode' | 'rows' | 'failed'>,
  options: ImportOptions,
  batch: ImportBatch,
): Prepared {
  const { dialect, kysely } = db;
  const owner = { project: before.project_id, mode: before.mode };
  const at = now();
  const { saved, writes } = mergeDrafts(draftsOf(batch), { matches: new Map(), contacts: new Map() }, options);
  const { counts, errors } = tallyBatch(before.rows, batch.rows, saved);
  const move = moveImport(kysely, before.id, batch, counts, at);
  const isMoved = dialect === 'postgres' ? sql<SqlBool>`exists (select from moved)` : sql<SqlBool>`true`;
  const others = writeContacts(dialect, owner, writes, at, isMoved);
  if (options.list !== null && writes.size > 0) {
    others.push(insertNewMembers(dialect, options.list, [...writes.keys()], at, isMoved));
  }
  if (errors.length > 0 && before.failed < MAX_KEPT_ERRORS) {
    others.push(insertErrors(dialect, before.id, errors, isMoved));
  }
  if (dialect === 'sqlite') return [move.compile(), ...others.map((statement) => statement.compile(kysely))];
  const parts = [
    sql`moved as (${move})`,
    ...others.map((other, index) => sql`w${sql.raw(String(index))} as (${other})`),
  ];
  return [sql<ImportRow>`with ${sql.join(parts)} select * from moved`.compile(kysely)];
}

/** Null as above; `undone`: somebody was there, or something came in between, and nothing was written. */
export async function applyNewBatch(
  { db }: BatchDeps,
  [move, ...others]: Prepared,
): Promise<ImportRow | 'undone' | null> {
  try {
    if (others.length === 0) return (await db.kysely.executeQuery(move)).rows[0] ?? null;
    return await batchTransaction(db, {}, async (trx) => {
      const [[row = null]] = await trx.run(move, ...others);
      if (row) await trx.commit();
      return row;
    });
  } catch (error) {
    if (isUniqueViolation(error) || isRetryable(error)) return 'undone';
    throw error;
  }
}

const draftsOf = ({ rows }: ImportBatch): ContactDraft[] =>
  rows.flatMap((row) => (row.kind === 'contact' ? row.draft : []));

const endOf = ({ fault }: { fault: string | null }) =>
  fault === null ? ({ status: 'completed' } as const) : ({ status: 'failed', reason: fault } as const);

/** What is written besides the contacts. */
function besides(
  dialect: Database['dialect'],
  { id, project_id: project, mode, failed }: ImportRow,
  { list, dryRun }: ImportOptions,
  saved: readonly Saved[],
  errors: readonly KeptError[],
  at: number,
): RawBuilder<unknown>[] {
  const statements: RawBuilder<unknown>[] = [];
  const members = saved.flatMap((one) => (one.id !== null && one.outcome !== 'refused' ? one.id : []));
  if (list !== null && !dryRun && members.length > 0) {
    statements.push(insertMembers(dialect, { project, mode }, list, [...new Set(members)], at));
  }
  if (errors.length > 0 && failed < MAX_KEPT_ERRORS) statements.push(insertErrors(dialect, id, errors));
  return statements;
}

function insertErrors(
  dialect: Database['dialect'],
  id: string,
  errors: readonly KeptError[],
  when: RawBuilder<SqlBool> = sql`true`,
): RawBuilder<unknown> {
  const columns = { row: 'bigint', number: 'bigint', field: 'text', reason: 'text', value: 'text' } as const;
  const rows = errors.map(({ row, number, field, reason, value }) => ({ row, number, field, reason, value }));
  return sql`
    insert into contact_import_errors (import_id, row, number, field, reason, value)
    select ${id}, "row", number, field, reason, value from ${rowSet(dialect, columns, rows)} where ${when}
  `;
}
