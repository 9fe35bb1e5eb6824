import type { Batch } from '../../db/batch.ts';
import type { BudgetTable } from '../../db/schema.ts';
import { type BudgetState, NO_FAILURES } from '../budgets.ts';
import type { Budget } from '../challenge.ts';
import type { Statements } from './statements.ts';

export function toBudgetStates(rows: readonly BudgetTable[]): Map<string, BudgetState> {
  return new Map(
    rows.map((row) => [
      row.key,
      {
        failures: row.failures,
        startedAt: row.started_at,
        lockedUntil: row.locked_until,
        inARow: row.in_a_row,
      },
    ]),
  );
}

export function toBudgetRow(key: string, state: BudgetState, now: number): BudgetTable {
  return {
    key,
    failures: state.failures,
    started_at: state.startedAt,
    locked_until: state.lockedUntil,
    in_a_row: state.inARow,
    updated_at: now,
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
