import { type RawBuilder, sql } from 'kysely';
import { EVENT_COLUMNS } from '../../audit/events-table.ts';
import { BUDGET_COLUMNS } from '../../db/budget-columns.ts';
import { amongUnlocked } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { keysStatement, setColumns } from '../../db/row-set.ts';
import type { BudgetTable, LimitTable } from '../../db/schema.ts';
import { statement } from '../../db/statement.ts';
import { insertStatement, updateStatement } from '../../db/write-rows.ts';
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

    insertChallenges: insertStatement(db, 'verifications', VERIFICATION),

    /** Apart from `saveChallenges`, because it touches no index. */
    saveCounts: updateStatement(db, 'verifications', { id }, COUNTS),

    saveChallenges: updateStatement(db, 'verifications', { id }, CHANGING),

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
    placeLimits: placing(insertStatement(db, 'limits', LIMIT, sql`on conflict (key) do nothing`)),
    lockLimits: lockCounters<LimitTable>('limits'),
    saveLimits: insertStatement(db, 'limits', LIMIT, orUpdate(LIMIT)),

    readBudgets: keysStatement(db, 'key', (found) => sql<BudgetTable>`select * from budgets where ${found}`),
    placeBudgets: placing(insertStatement(db, 'budgets', BUDGET_COLUMNS, sql`on conflict (key) do nothing`)),
    lockBudgets: lockCounters<BudgetTable>('budgets'),
    saveBudgets: insertStatement(db, 'budgets', BUDGET_COLUMNS, orUpdate(BUDGET_COLUMNS)),

    appendEvents: insertStatement(db, 'events', EVENT_COLUMNS, sql`on conflict (id) do nothing`),
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

function orUpdate({ key: _, ...columns }: { key: string }): RawBuilder<unknown> {
  return sql`on conflict (key) do update set ${setColumns(columns, 'excluded')}`;
}
