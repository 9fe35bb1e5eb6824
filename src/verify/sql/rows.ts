import type { Selectable } from 'kysely';
import type { BudgetTable, LimitTable, VerificationTable } from '../../db/schema.ts';
import type { BudgetState } from '../budgets.ts';
import type { Challenge, ChallengeFacts, Status } from '../challenge.ts';
import type { LimitState } from '../limits.ts';

export type VerificationRow = Selectable<VerificationTable>;

export function toChallenge(row: VerificationRow): Challenge {
  return {
    ...(JSON.parse(row.facts) as ChallengeFacts),
    status: row.status as Status,
    attempts: row.attempts,
    judged: row.judged,
    sends: JSON.parse(row.sends),
    step: row.step,
    nextSendAt: row.next_send_at,
    dueAt: row.due_at,
    endedAt: row.ended_at,
    rev: row.rev,
    secrets: row.code_hash !== null && row.sealed !== null ? { codeHash: row.code_hash, sealed: row.sealed } : null,
  };
}

/** Of a new challenge, whose first event is in the same transaction. */
export function toRow(challenge: Challenge): VerificationRow {
  const { status, attempts, judged, sends, step, nextSendAt, dueAt, endedAt, rev, secrets, ...facts } = challenge;
  return {
    id: facts.id,
    project_id: facts.project,
    mode: facts.mode,
    recipient: facts.to,
    recipient_hash: facts.recipientHash,
    status,
    facts: JSON.stringify(facts),
    attempts,
    judged,
    sends: JSON.stringify(sends),
    step,
    next_send_at: nextSendAt,
    due_at: dueAt,
    created_at: facts.createdAt,
    expires_at: facts.expiresAt,
    ended_at: endedAt,
    rev,
    sequence: 1,
    approved_by: null,
    code_hash: secrets?.codeHash ?? null,
    sealed: secrets?.sealed ?? null,
  };
}

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

export function toLimitStates(rows: readonly Omit<LimitTable, 'expires_at'>[]): Map<string, LimitState> {
  return new Map(rows.map((row) => [row.key, { count: row.count, startedAt: row.started_at }]));
}
