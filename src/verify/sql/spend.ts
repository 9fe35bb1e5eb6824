import { batchTransaction } from '../../db/transaction.ts';
import { countFailure, findLocked, NO_FAILURES } from '../budgets.ts';
import type { Challenge } from '../challenge.ts';
import { completeEvent } from '../events.ts';
import type { Spend, SpendResult } from '../store.ts';
import { lockBudgets, toBudgetRow } from './budget-rows.ts';
import type { SqlContext } from './statements.ts';
import { append, ended, toChallenge, type VerificationRow } from './verification-row.ts';

export function spendAttempt(
  { db, statements }: SqlContext,
  id: string,
  spend: Spend,
  now: number,
): Promise<SpendResult> {
  return batchTransaction(db, {}, async (batch): Promise<SpendResult> => {
    const [[row]] = await batch.run(statements.lockChallenge({ id }));
    if (row?.project_id !== spend.project || row.mode !== spend.mode) return { kind: 'gone' };
    const challenge = toChallenge(row);

    const commitRefusal = (reason: string, replayed = false) => {
      const event = completeEvent(spend.refused, challenge);
      const type = replayed ? 'verification.replayed' : event.type;
      const refused = append(row, { ...event, type, data: { ...event.data, reason, evaluated: false } });
      return batch.commit(statements.saveCounts(refused.row), statements.appendEvents(refused.events));
    };

    const end = endReason(challenge, now);
    if (end) {
      await commitRefusal(end, challenge.status === 'approved');
      if (challenge.status === 'approved' && row.approved_by === spend.attempt) return { kind: 'approved', challenge };
      return { kind: 'refused', reason: end, challenge };
    }
    if (challenge.contextDigest !== null && spend.contextDigest === null) {
      await commitRefusal('context_required');
      return { kind: 'context_required' };
    }
    if (spend.contextDigest !== challenge.contextDigest) {
      const refused = completeEvent(spend.refused, challenge);
      const killed = append(
        ended(row, 'canceled', now),
        { ...refused, data: { ...refused.data, reason: 'context_mismatch', evaluated: false } },
        completeEvent(spend.canceled, challenge),
      );
      await batch.commit(statements.saveChallenge(killed.row), statements.appendEvents(killed.events));
      return { kind: 'refused', reason: 'context_mismatch', challenge: toChallenge(killed.row) };
    }
    if (spend.codeLength !== challenge.codeLength) return { kind: 'malformed' };

    const states = await lockBudgets(statements, batch, challenge.budgets, now);
    const locked = findLocked(challenge.budgets, states, now);
    if (locked) {
      await commitRefusal('locked');
      return { ...locked, challenge };
    }
    if (challenge.attempts >= challenge.maxAttempts) {
      await commitRefusal('exhausted');
      return { kind: 'refused', reason: 'exhausted', challenge };
    }
    const counted: VerificationRow = { ...row, attempts: row.attempts + 1 };
    const budgets = new Map(
      challenge.budgets.map((budget) => [budget.key, countFailure(budget, states.get(budget.key) ?? NO_FAILURES, now)]),
    );
    await batch.commit(
      statements.saveCounts(counted),
      statements.saveBudgets([...budgets].map(([key, state]) => toBudgetRow(key, state, now))),
    );
    return { kind: 'ok', challenge: toChallenge(counted), budgets };
  });
}

/** Why no code can be right any more. That it has expired is recorded as the end by the due step, not here. */
function endReason({ status, expiresAt }: Challenge, now: number) {
  if (status === 'approved') return 'already_used';
  if (status !== 'pending') return status;
  return now >= expiresAt ? 'expired' : null;
}
