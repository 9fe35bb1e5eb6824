import { createHash } from 'node:crypto';
import type { AuditEvent } from '../audit/event.ts';
import { encodeId } from '../lib/ids.ts';
import type { BudgetState } from './budgets.ts';
import type { Budget, Challenge } from './challenge.ts';
import { type Actor, challengeEvent } from './events.ts';

/** So many failures before the block that only re-binding lifts, the owner is told (Regulation (EU) 2018/389, Art. 4(3)). */
const WARN_BEFORE = 10;

/**
 * What has to be said after a failure: that guessing is locked, or will soon be for good. Several attempts that fail at
 * once say it with the same event id, so that it is recorded once.
 */
export function lockNotices(
  challenge: Challenge,
  states: ReadonlyMap<string, BudgetState>,
  actor: Actor,
  now: number,
): AuditEvent[] {
  return challenge.budgets.flatMap((budget) => {
    const state = states.get(budget.key);
    const notice = state && noticeOf(budget, state, now);
    if (!notice) return [];
    const { type, ...data } = notice;
    const event = challengeEvent(type, challenge, actor, now, { budget: budget.name, ...data });
    return [{ ...event, id: noticeId(challenge.id, budget.key, type) }];
  });
}

function noticeOf(budget: Budget, state: BudgetState, now: number) {
  const { inARow, failures, lockedUntil } = state;
  if (budget.hardMax > 0 && inARow >= budget.hardMax) {
    return { type: 'verification.locked', locked_until: null, failures_in_a_row: inARow } as const;
  }
  if (budget.hardMax > 0 && inARow === budget.hardMax - WARN_BEFORE) {
    return { type: 'verification.lock_warning', failures_in_a_row: inARow, failures_left: WARN_BEFORE } as const;
  }
  if (budget.max > 0 && lockedUntil > now && failures >= budget.max) {
    const locked_until = new Date(lockedUntil).toISOString();
    return { type: 'verification.locked', locked_until, failures_in_a_row: inARow } as const;
  }
  return null;
}

function noticeId(...parts: string[]): string {
  return `evt_${encodeId(createHash('sha256').update(parts.join('\0')).digest().subarray(0, 26))}`;
}
