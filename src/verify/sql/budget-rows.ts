import type { BudgetTable } from '../../db/schema.ts';
import type { BudgetState } from '../budgets.ts';

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
