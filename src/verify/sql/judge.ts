import type { AuditEvent } from '../../audit/event.ts';
import { giveBackFailure, NO_FAILURES } from '../budgets.ts';
import type { Budget, Status } from '../challenge.ts';
import type { FailEvents } from '../store.ts';
import type { Transition } from './transact.ts';
import { append, ended, isUnfinished, toChallenge, type VerificationRow } from './verification-row.ts';
import type { WorkingSet } from './working-set.ts';

export function failAttempt(
  id: string,
  events: FailEvents,
  now: number,
  withdrawn?: readonly string[],
): Transition<{ status: Status; attemptsRemaining: number }> {
  return {
    ...{ id, now },
    decide(set) {
      const row = set.challenge(id);
      if (!row) return { status: 'expired', attemptsRemaining: 0 };
      const challenge = toChallenge(row);
      const pending = row.status === 'pending';
      const unfinished = isUnfinished(row, withdrawn);
      const attemptsRemaining = pending || unfinished ? Math.max(0, challenge.maxAttempts - row.attempts) : 0;
      const judged = judgeOne(row);
      const { failed } = events;
      const event = { ...failed, data: { ...failed.data, evaluated: true, attempts_remaining: attemptsRemaining } };

      // Other attempts may still be right.
      if (pending && attemptsRemaining === 0 && judged.judged >= judged.attempts) {
        const exhausted = append(ended(judged, 'exhausted', now), event, ...events.notices, events.exhausted);
        set.save(exhausted.row);
        set.append(exhausted.events);
        return { status: 'exhausted', attemptsRemaining };
      }
      const counted = append(judged, event, ...events.notices);
      set.saveCounts(counted.row);
      set.append(counted.events);
      return { status: unfinished ? 'pending' : challenge.status, attemptsRemaining };
    },
  };
}

/** Durable: once answered, nothing may forget that the code was used. */
export function consumeChallenge(
  id: string,
  attempt: string,
  event: AuditEvent,
  now: number,
  withdrawn?: readonly string[],
): Transition<boolean> {
  const isOpen = (row: VerificationRow) => row.status === 'pending' || isUnfinished(row, withdrawn);
  return {
    ...{ id, now, durable: true },
    counts: (row) => (isOpen(row) ? toChallenge(row).budgets : []),
    decide(set) {
      const row = set.challenge(id);
      if (!row || !isOpen(row)) return false;
      const judged = { ...judgeOne(row), approved_by: attempt };
      const approved =
        row.status === 'pending'
          ? append(ended(judged, 'approved', now), event)
          : append(judged, { ...event, type: 'verification.approval_resumed' });
      set.save(approved.row);
      giveBack(set, toChallenge(row).budgets, true, now);
      set.append(approved.events);
      return true;
    },
  };
}

export function refundAttempt(id: string, attempt: string, now: number): Transition<void> {
  const hasApproved = (row: VerificationRow) => row.status === 'approved' && row.approved_by === attempt;
  const isUnjudged = (row: VerificationRow) =>
    !hasApproved(row) && (row.status === 'pending' || row.status === 'approved') && row.attempts > row.judged;
  return {
    ...{ id, now },
    counts: (row) => (isUnjudged(row) ? toChallenge(row).budgets : []),
    decide(set) {
      const row = set.challenge(id);
      if (!row) return;
      const attempts = Math.max(0, row.attempts - 1);
      if (hasApproved(row)) set.saveCounts({ ...row, attempts, judged: Math.max(0, row.judged - 1) });
      if (!isUnjudged(row)) return;
      set.saveCounts({ ...row, attempts });
      giveBack(set, toChallenge(row).budgets, false, now);
    },
  };
}

function giveBack(set: WorkingSet, budgets: readonly Budget[], approved: boolean, now: number): void {
  for (const budget of budgets) {
    const state = set.budgets.get(budget.key) ?? NO_FAILURES;
    set.saveBudget(budget.key, giveBackFailure(budget, state, approved), now);
  }
}

function judgeOne(row: VerificationRow): VerificationRow {
  return { ...row, judged: Math.min(row.attempts, row.judged + 1) };
}
