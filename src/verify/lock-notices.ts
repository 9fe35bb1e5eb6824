import type { AuditEvent } from '../audit/event.ts';
import type { BudgetState } from './budgets.ts';
import type { Budget, Challenge } from './challenge.ts';
import { type Actor, challengeEvent } from './events.ts';

/** So many failures before the block that only re-binding lifts, the owner is told (Regulation (EU) 2018/389, Art. 4(3)). */
const WARN_BEFORE = 10;

/**
 * What has to be said when an attempt has failed: that it locked guessing, or how near the lock for good is.
 * `states` are the budgets as this attempt left them, and each attempt leaves another count: so each is said once.
 */
export function lockNotices(
  challenge: Challenge,
  states: ReadonlyMap<string, BudgetState>,
  actor: Actor,
  now: number,
): AuditEvent[] {
  return challenge.budgets.flatMap((budget) => {
    const state = states.get(budget.key);
    const notice = state && noticeOf(budget, state);
    if (!notice) return [];
    const { type, ...data } = notice;
    return [challengeEvent(type, challenge, actor, now, { budget: budget.name, ...data })];
  });
}

function noticeOf({ max, hardMax }: Budget, { inARow, failures, lockedUntil }: BudgetState) {
  const failures_in_a_row = inARow;
  if (hardMax > 0 && inARow === hardMax) {
    return { type: 'verification.locked', locked_until: null, failures_in_a_row } as const;
  }
  if (hardMax > 0 && inARow === hardMax - WARN_BEFORE) {
    return { type: 'verification.lock_warning', failures_in_a_row, failures_left: WARN_BEFORE } as const;
  }
  if (max > 0 && failures === max) {
    const locked_until = new Date(lockedUntil).toISOString();
    return { type: 'verification.locked', locked_until, failures_in_a_row } as const;
  }
  return null;
}
