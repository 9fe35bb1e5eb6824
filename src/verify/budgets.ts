import type { Budget } from './challenge.ts';
import type { Locked } from './store.ts';

/** Failed guesses so far. The arithmetic is also in db/lua/lib-budgets.lua. */
export interface BudgetState {
  /** In the window that opened at `startedAt`. */
  failures: number;
  startedAt: number;
  /** 0: not locked. */
  lockedUntil: number;
  /** Since the last success, over any time. */
  inARow: number;
}

export const NO_FAILURES: BudgetState = { failures: 0, startedAt: 0, lockedUntil: 0, inARow: 0 };

/** The first budget that allows no guess now. */
export function findLocked(
  budgets: readonly Budget[],
  states: ReadonlyMap<string, BudgetState>,
  now: number,
): Locked | null {
  for (const { name, key, max, hardMax } of budgets) {
    const { inARow, lockedUntil } = states.get(key) ?? NO_FAILURES;
    if (hardMax > 0 && inARow >= hardMax) return { kind: 'locked', budget: name, until: null };
    if (max > 0 && lockedUntil > now) return { kind: 'locked', budget: name, until: lockedUntil };
  }
  return null;
}

/** Of a budget that is not locked. */
export function countFailure(budget: Budget, state: BudgetState, now: number): BudgetState {
  const lockIsOver = state.lockedUntil > 0 && state.lockedUntil <= now;
  const windowIsOver = now >= state.startedAt + budget.windowMs;
  const counted =
    lockIsOver || windowIsOver || state.failures === 0
      ? { failures: 1, startedAt: now }
      : { failures: state.failures + 1, startedAt: state.startedAt };
  const locks = budget.max > 0 && counted.failures >= budget.max;
  const lockedUntil = locks ? now + budget.lockMs : lockIsOver ? 0 : state.lockedUntil;
  return { ...counted, lockedUntil, inARow: state.inARow + 1 };
}

/** Takes one counted failure back: the answer was right, or could not be accepted. */
export function giveBackFailure(budget: Budget, state: BudgetState, approved: boolean): BudgetState {
  const failures = Math.max(0, state.failures - 1);
  return {
    failures,
    startedAt: state.startedAt,
    lockedUntil: failures < budget.max ? 0 : state.lockedUntil,
    inARow: approved ? 0 : Math.max(0, state.inARow - 1),
  };
}
