import { type Insertable, sql } from 'kysely';
import { amongUnlocked, forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { BudgetTable, EventTable, LimitTable } from '../../db/schema.ts';
import { rowsStatement, statement } from '../../db/statement.ts';
import { CHANGING, type ChangingRow, type VerificationRow } from './verification-row.ts';

export interface SqlContext {
  db: Database;
  statements: Statements;
}

export type Statements = ReturnType<typeof createStatements>;

/** Every statement of the store. Rows that several transactions write are given, and so locked, in the order of their keys. */
export function createStatements({ kysely: db, dialect }: Database) {
  const byId = ({ id }: { id: string }) => db.selectFrom('verifications').selectAll().where('id', '=', id);
  return {
    findChallenge: statement(byId),

    /** Read to be changed. */
    lockChallenge: statement((row: { id: string }) => forUpdate(dialect, byId(row))),

    lockFlow: statement((row: { id: string }) =>
      forUpdate(dialect, db.selectFrom('verifications').select(CHANGING).where('id', '=', row.id)),
    ),

    insertChallenge: statement((row: VerificationRow) => db.insertInto('verifications').values(row)),

    /** Apart from `saveChallenge`, because it touches no index. */
    saveCounts: statement((row: Pick<VerificationRow, 'id' | 'attempts' | 'judged' | 'sequence'>) =>
      db
        .updateTable('verifications')
        .set({ attempts: row.attempts, judged: row.judged, sequence: row.sequence })
        .where('id', '=', row.id),
    ),

    saveChallenge: statement((row: ChangingRow) =>
      db
        .updateTable('verifications')
        .set({
          status: row.status,
          attempts: row.attempts,
          judged: row.judged,
          sends: row.sends,
          step: row.step,
          next_send_at: row.next_send_at,
          due_at: row.due_at,
          ended_at: row.ended_at,
          rev: row.rev,
          sequence: row.sequence,
          approved_by: row.approved_by,
          code_hash: row.code_hash,
          sealed: row.sealed,
        })
        .where('id', '=', row.id),
    ),

    claimDue: statement((row: { now: number; lease_until: number; max: number }) =>
      db
        .updateTable('verifications')
        .set((eb) => ({ rev: eb('rev', '+', 1), due_at: row.lease_until }))
        .where(
          amongUnlocked(
            dialect,
            'id',
            db.selectFrom('verifications').select('id').where('due_at', '<=', row.now).orderBy('due_at').limit(row.max),
          ),
        )
        .returningAll(),
    ),

    nextSequence: statement((row: { id: string }) =>
      db
        .updateTable('verifications')
        .set((eb) => ({ sequence: eb('sequence', '+', 1) }))
        .where('id', '=', row.id)
        .returning('sequence'),
    ),

    /** Rows of one use each, `expires_at` saying how long the caller's window is. Answers with the counts after it. */
    takeLimits: rowsStatement((rows: readonly LimitTable[]) => {
      const windowEnd = sql<number>`limits.started_at + (excluded.expires_at - excluded.started_at)`;
      const isOpen = sql<boolean>`excluded.started_at < ${windowEnd}`;
      return db
        .insertInto('limits')
        .values(rows)
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet({
            count: sql`case when ${isOpen} then limits.count + 1 else 1 end`,
            started_at: sql`case when ${isOpen} then limits.started_at else excluded.started_at end`,
            // Only for the purge. Another caller's window may be the longer one.
            expires_at: sql`case
              when not ${isOpen} then excluded.expires_at
              when limits.expires_at > ${windowEnd} then limits.expires_at
              else ${windowEnd} end`,
          }),
        )
        .returning(['key', 'count', 'started_at']);
    }),

    readBudgets: rowsStatement((rows: readonly { key: string }[]) =>
      db
        .selectFrom('budgets')
        .selectAll()
        .where(
          'key',
          'in',
          rows.map(({ key }) => key),
        ),
    ),

    /** Given rows without failures: answers with what they are and keeps them locked, those too that did not exist. */
    lockBudgets: rowsStatement((rows: readonly BudgetTable[]) =>
      db
        .insertInto('budgets')
        .values(rows)
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ key: sql`excluded.key` }))
        .returningAll(),
    ),

    saveBudgets: rowsStatement((rows: readonly BudgetTable[]) =>
      db
        .insertInto('budgets')
        .values(rows)
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet({
            failures: sql`excluded.failures`,
            started_at: sql`excluded.started_at`,
            locked_until: sql`excluded.locked_until`,
            in_a_row: sql`excluded.in_a_row`,
            updated_at: sql`excluded.updated_at`,
          }),
        ),
    ),

    appendEvents: rowsStatement((rows: readonly Insertable<EventTable>[]) =>
      db
        .insertInto('events')
        .values(rows)
        .onConflict((conflict) => conflict.column('id').doNothing()),
    ),
  };
}
