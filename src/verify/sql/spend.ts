import { countFailure, findLocked, NO_FAILURES } from '../budgets.ts';
import type { Challenge } from '../challenge.ts';
import { completeEvent } from '../events.ts';
import { RECONCILE_MS, requestOf, type Spend, type SpendResult } from '../store.ts';
import type { Transition } from './transact.ts';
import { append, ended, isUnfinished, toChallenge, type VerificationRow } from './verification-row.ts';
import type { WorkingSet } from './working-set.ts';

export function spendAttempt(id: string, spend: Spend, now: number): Transition<SpendResult> {
  return {
    ...{ id, now },
    // What will be refused anyway does not come to count anything.
    counts(row) {
      if (!isOwn(row, spend)) return [];
      const challenge = toChallenge(row);
      return refusalOf(row, challenge, spend, now) ? [] : challenge.budgets;
    },
    decide(set) {
      const row = set.challenge(id);
      if (!row || !isOwn(row, spend)) return { kind: 'gone' };
      const challenge = toChallenge(row);
      const refusal = refusalOf(row, challenge, spend, now);
      switch (refusal) {
        case 'malformed':
          return { kind: 'malformed' };
        case 'context_required':
          refuse(set, row, challenge, spend, refusal);
          return { kind: 'context_required' };
        case 'context_mismatch':
          if (challenge.status === 'pending') {
            return { kind: 'refused', reason: refusal, challenge: kill(set, row, challenge, spend, now) };
          }
          refuse(set, row, challenge, spend, refusal);
          return { kind: 'refused', reason: refusal, challenge };
        case 'already_used': {
          const approved = row.approved_by !== null && requestOf(row.approved_by) === requestOf(spend.attempt);
          if (approved || spend.withdrawn) refuse(set, row, challenge, spend, refusal, true);
          return approved ? { kind: 'approved', challenge } : { kind: 'refused', reason: refusal, challenge };
        }
        case null:
          return count(set, row, challenge, spend, now);
        default:
          refuse(set, row, challenge, spend, refusal);
          return { kind: 'refused', reason: refusal, challenge };
      }
    },
  };
}

const isOwn = (row: VerificationRow, { project, mode }: Spend) => row.project_id === project && row.mode === mode;

/** Why this answer is not judged, before its budgets are looked at. */
function refusalOf(row: VerificationRow, challenge: Challenge, spend: Spend, now: number) {
  const end = endReason(row, challenge, spend, now);
  if (end) return end;
  if (challenge.contextDigest !== null && spend.contextDigest === null) return 'context_required';
  if (spend.contextDigest !== challenge.contextDigest) return 'context_mismatch';
  return spend.codeLength === challenge.codeLength ? null : 'malformed';
}

/** Why no code can be right any more. That it has expired is recorded as the end by the due step, not here. */
function endReason(row: VerificationRow, { status, expiresAt }: Challenge, spend: Spend, now: number) {
  if (status === 'approved' && !isUnfinished(row, spend.withdrawn)) return 'already_used';
  if (status !== 'pending' && status !== 'approved') return status;
  return now >= expiresAt ? 'expired' : null;
}

function refuse(
  set: WorkingSet,
  row: VerificationRow,
  challenge: Challenge,
  spend: Spend,
  reason: string,
  replayed = false,
): void {
  const event = completeEvent(spend.refused, challenge);
  const type = replayed ? 'verification.replayed' : event.type;
  const refused = append(row, { ...event, type, data: { ...event.data, reason, evaluated: false } });
  set.saveCounts(refused.row);
  set.append(refused.events);
}

function kill(set: WorkingSet, row: VerificationRow, challenge: Challenge, spend: Spend, now: number): Challenge {
  const refused = completeEvent(spend.refused, challenge);
  const killed = append(
    ended(row, 'canceled', now),
    { ...refused, data: { ...refused.data, reason: 'context_mismatch', evaluated: false } },
    completeEvent(spend.canceled, challenge),
  );
  set.save(killed.row);
  set.append(killed.events);
  return toChallenge(killed.row);
}

function count(set: WorkingSet, row: VerificationRow, challenge: Challenge, spend: Spend, now: number): SpendResult {
  const locked = findLocked(challenge.budgets, set.budgets, now);
  if (locked) {
    refuse(set, row, challenge, spend, 'locked');
    return { ...locked, challenge };
  }
  if (challenge.attempts >= challenge.maxAttempts) {
    refuse(set, row, challenge, spend, 'exhausted');
    return { kind: 'refused', reason: 'exhausted', challenge };
  }
  const resumes = row.status !== 'pending';
  const counted: VerificationRow = {
    ...row,
    attempts: row.attempts + 1,
    // Nothing else would look at it again, should this process die.
    ...(resumes && { due_at: now + RECONCILE_MS }),
  };
  const budgets = new Map(
    challenge.budgets.map((budget) => [
      budget.key,
      countFailure(budget, set.budgets.get(budget.key) ?? NO_FAILURES, now),
    ]),
  );
  if (resumes) set.save(counted);
  else set.saveCounts(counted);
  for (const [key, state] of budgets) set.saveBudget(key, state, now);
  return { kind: 'ok', challenge: toChallenge(counted), budgets };
}
