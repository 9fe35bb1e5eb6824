import type { AuditEvent } from '../../audit/event.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { giveBackFailure } from '../budgets.ts';
import type { Status } from '../challenge.ts';
import type { FailEvents } from '../store.ts';
import { changeBudgets, lockBudgets } from './budget-rows.ts';
import type { SqlContext } from './statements.ts';
import { append, ended, toChallenge, type VerificationRow } from './verification-row.ts';

export function failAttempt(
  { db, statements }: SqlContext,
  id: string,
  events: FailEvents,
  now: number,
): Promise<{ status: Status; attemptsRemaining: number }> {
  return batchTransaction(db, {}, async (batch) => {
    const [[row]] = await batch.run(statements.lockChallenge({ id }));
    if (!row) return { status: 'expired', attemptsRemaining: 0 };
    const challenge = toChallenge(row);
    const pending = row.status === 'pending';
    const attemptsRemaining = pending ? Math.max(0, challenge.maxAttempts - row.attempts) : 0;
    const judged = judgeOne(row);
    const { failed } = events;
    const event = { ...failed, data: { ...failed.data, evaluated: true, attempts_remaining: attemptsRemaining } };

    // Other attempts may still be right.
    if (pending && attemptsRemaining === 0 && judged.judged >= judged.attempts) {
      const exhausted = append(ended(judged, 'exhausted', now), event, ...events.notices, events.exhausted);
      await batch.commit(statements.saveChallenge(exhausted.row), statements.appendEvents(exhausted.events));
      return { status: 'exhausted', attemptsRemaining };
    }
    const counted = append(judged, event, ...events.notices);
    await batch.commit(statements.saveCounts(counted.row), statements.appendEvents(counted.events));
    return { status: challenge.status, attemptsRemaining };
  });
}

/** Durable: once answered, nothing may forget that the code was used. */
export function consumeChallenge(
  { db, statements }: SqlContext,
  id: string,
  attempt: string,
  event: AuditEvent,
  now: number,
): Promise<boolean> {
  return batchTransaction(db, { durable: true }, async (batch) => {
    const [[row]] = await batch.run(statements.lockChallenge({ id }));
    if (row?.status !== 'pending') return false;
    const { budgets } = toChallenge(row);
    const states = await lockBudgets(statements, batch, budgets, now);
    const approved = append({ ...ended(judgeOne(row), 'approved', now), approved_by: attempt }, event);
    await batch.commit(
      statements.saveChallenge(approved.row),
      changeBudgets(statements, budgets, states, now, (budget, state) => giveBackFailure(budget, state, true)),
      statements.appendEvents(approved.events),
    );
    return true;
  });
}

export function refundAttempt({ db, statements }: SqlContext, id: string, now: number): Promise<void> {
  return batchTransaction(db, {}, async (batch) => {
    const [[row]] = await batch.run(statements.lockChallenge({ id }));
    if (row?.status !== 'pending' || row.attempts <= row.judged) return;
    const { budgets } = toChallenge(row);
    const states = await lockBudgets(statements, batch, budgets, now);
    await batch.commit(
      statements.saveCounts({ ...row, attempts: row.attempts - 1 }),
      changeBudgets(statements, budgets, states, now, (budget, state) => giveBackFailure(budget, state, false)),
    );
  });
}

function judgeOne(row: VerificationRow): VerificationRow {
  return { ...row, judged: Math.min(row.attempts, row.judged + 1) };
}
