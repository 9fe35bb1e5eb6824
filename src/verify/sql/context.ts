import type { AuditEvent } from '../../audit/event.ts';
import { toEventRow } from '../../audit/events-table.ts';
import type { Batch } from '../../db/batch.ts';
import type { Database } from '../../db/open.ts';
import type { BudgetState } from '../budgets.ts';
import { NO_FAILURES } from '../budgets.ts';
import type { Budget, Status } from '../challenge.ts';
import { RECONCILE_MS } from '../store.ts';
import { toBudgetRow, toBudgetStates, type VerificationRow } from './rows.ts';
import type { Statements } from './statements.ts';

export interface SqlContext {
  db: Database;
  statements: Statements;
}

/** A change of one challenge: its row, and the events that follow its last one. */
export function append(row: VerificationRow, ...events: readonly AuditEvent[]) {
  return {
    row: { ...row, sequence: row.sequence + events.length },
    events: events.map((event, index) => toEventRow({ ...event, sequence: row.sequence + index + 1 })),
  };
}

/** The row of a challenge that ends: without secrets, and looked at again only for attempts still being judged. */
export function ended(row: VerificationRow, status: Status, now: number): VerificationRow {
  return {
    ...row,
    status,
    ended_at: now,
    next_send_at: null,
    due_at: row.attempts > row.judged ? now + RECONCILE_MS : null,
    rev: row.rev + 1,
    code_hash: null,
    sealed: null,
  };
}

/** Reads budgets and keeps them locked until the transaction ends. */
export async function lockBudgets(
  statements: Statements,
  batch: Batch,
  budgets: readonly Budget[],
  now: number,
): Promise<Map<string, BudgetState>> {
  const [rows] = await batch.run(
    statements.lockBudgets(inKeyOrder(budgets).map(({ key }) => toBudgetRow(key, NO_FAILURES, now))),
  );
  return toBudgetStates(rows);
}

/** The statement that writes what `change` makes of every budget. */
export function changeBudgets(
  statements: Statements,
  budgets: readonly Budget[],
  states: ReadonlyMap<string, BudgetState>,
  now: number,
  change: (budget: Budget, state: BudgetState) => BudgetState,
) {
  return statements.saveBudgets(
    budgets.map((budget) => toBudgetRow(budget.key, change(budget, states.get(budget.key) ?? NO_FAILURES), now)),
  );
}

function inKeyOrder(budgets: readonly Budget[]): Budget[] {
  return budgets.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
