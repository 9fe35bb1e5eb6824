import { type RawBuilder, sql } from 'kysely';
import { EVENT_COLUMNS } from '../../audit/events-table.ts';
import { BUDGET_COLUMNS } from '../../db/budget-columns.ts';
import { amongUnlocked } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { columnsOf, keysStatement, rowSetStatement, setColumns } from '../../db/row-set.ts';
import type { BudgetTable, LimitTable } from '../../db/schema.ts';
import { statement } from '../../db/statement.ts';
import { VERIFICATION, type VerificationRow } from './verification-row.ts';

const LIMIT = {
  key: 'text',
  count: 'bigint',
  started_at: 'bigint',
  expires_at: 'bigint',
} as const satisfies Record<keyof LimitTable, 'text' | 'bigint'>;

const { attempts, judged, sequence } = VERIFICATION;
const COUNTS = { attempts, judged, sequence } as const;

const { id, project_id, mode, recipient, recipient_hash, facts, created_at, expires_at, ...CHANGING } = VERIFICATION;

export type Statements = ReturnType<typeof createStatements>;

/** Every statement of the store. Rows that several transactions write are locked in the order of their keys. */
export function createStatements(db: Database) {
  const { kysely, dialect } = db;
  const isPostgres = dialect === 'postgres';
  /** On SQLite a transaction holds the only write lock there is from its beginning. */
  const forUpdate = sql.raw(isPostgres ? 'for update' : '');
  return {
    findChallenge: statement(({ id }: { id: string }) =>
      kysely.selectFrom('verifications').selectAll().where('id', '=', id),
    ),

    lockChallenges: keysStatement(
      db,
      'id',
      (found) => sql<VerificationRow>`select * from verifications where ${found} order by id ${forUpdate}`,
    ),

    insertChallenges: rowSetStatement(
      db,
      VERIFICATION,
      (rows) =>
        sql`insert into verifications (${columnsOf(VERIFICATION)}) select ${columnsOf(VERIFICATION)} from ${rows}`,
    ),

    /** Apart from `saveChallenges`, because it touches no index. */
    saveCounts: rowSetStatement(
      db,
      { id, ...COUNTS },
      (rows) => sql`update verifications set ${setColumns(COUNTS, 'r')} from ${rows} where verifications.id = r.id`,
    ),

    saveChallenges: rowSetStatement(
      db,
      { id, ...CHANGING },
      (rows) => sql`update verifications set ${setColumns(CHANGING, 'r')} from ${rows} where verifications.id = r.id`,
    ),

    claimDue: statement((row: { now: number; lease_until: number; max: number }) =>
      kysely
        .updateTable('verifications')
        .set((eb) => ({ rev: eb('rev', '+', 1), due_at: row.lease_until }))
        .where(
          amongUnlocked(
            dialect,
            'id',
            kysely
              .selectFrom('verifications')
              .select('id')
              .where('due_at', '<=', row.now)
              .orderBy('due_at')
              .limit(row.max),
          ),
        )
        .returningAll(),
    ),

    nextSequence: statement((row: { id: string }) =>
      kysely
        .updateTable('verifications')
        .set((eb) => ({ sequence: eb('sequence', '+', 1) }))
        .where('id', '=', row.id)
        .returning('sequence'),
    ),

    /** A row that is not there cannot be locked. */
    placeLimits: placing(rowSetStatement(db, LIMIT, (rows) => insertInto('limits', LIMIT, rows, sql`nothing`))),
    lockLimits: lockCounters<LimitTable>('limits'),
    saveLimits: rowSetStatement(db, LIMIT, (rows) => insertInto('limits', LIMIT, rows, updateOf(LIMIT))),

    readBudgets: keysStatement(db, 'key', (found) => sql<BudgetTable>`select * from budgets where ${found}`),
    placeBudgets: placing(
      rowSetStatement(db, BUDGET_COLUMNS, (rows) => insertInto('budgets', BUDGET_COLUMNS, rows, sql`nothing`)),
    ),
    lockBudgets: lockCounters<BudgetTable>('budgets'),
    saveBudgets: rowSetStatement(db, BUDGET_COLUMNS, (rows) =>
      insertInto('budgets', BUDGET_COLUMNS, rows, updateOf(BUDGET_COLUMNS)),
    ),

    appendEvents: rowSetStatement(
      db,
      EVENT_COLUMNS,
      (rows) => sql`insert into events (${columnsOf(EVENT_COLUMNS)}) select ${columnsOf(EVENT_COLUMNS)} from ${rows}
        where true on conflict (id) do nothing`,
    ),
  };

  function lockCounters<Row>(table: 'limits' | 'budgets') {
    return keysStatement(
      db,
      'key',
      (found) => sql<Row>`select * from ${sql.table(table)} where ${found} order by key ${forUpdate}`,
    );
  }

  /** Nobody else writes to SQLite meanwhile. */
  function placing<Rows, Q>(place: (rows: Rows) => Q | null): (rows: Rows) => Q | null {
    return isPostgres ? place : () => null;
  }
}

/** Counters, by their keys; on a conflict `act`. */
function insertInto(
  table: 'limits' | 'budgets',
  columns: object,
  rows: RawBuilder<unknown>,
  act: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const names = columnsOf(columns);
  return sql`insert into ${sql.table(table)} (${names}) select ${names} from ${rows} where true
    on conflict (key) do ${act}`;
}

function updateOf({ key: _, ...columns }: { key: string }): RawBuilder<unknown> {
  return sql`update set ${setColumns(columns, 'excluded')}`;
}
