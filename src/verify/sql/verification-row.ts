import type { Selectable } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import { toEventRow } from '../../audit/events-table.ts';
import type { VerificationTable } from '../../db/schema.ts';
import type { Challenge, ChallengeFacts, Status } from '../challenge.ts';
import { RECONCILE_MS } from '../store.ts';

export type VerificationRow = Selectable<VerificationTable>;

export const VERIFICATION = {
  id: 'text',
  project_id: 'text',
  mode: 'text',
  recipient: 'text',
  recipient_hash: 'text',
  status: 'text',
  facts: 'text',
  attempts: 'bigint',
  judged: 'bigint',
  sends: 'text',
  step: 'bigint',
  next_send_at: 'bigint',
  due_at: 'bigint',
  created_at: 'bigint',
  expires_at: 'bigint',
  ended_at: 'bigint',
  rev: 'bigint',
  sequence: 'bigint',
  approved_by: 'text',
  code_hash: 'text',
  sealed: 'text',
} as const satisfies Record<keyof VerificationTable, 'text' | 'bigint'>;

export function toChallenge(row: VerificationRow): Challenge {
  return {
    // The read model has no terms: what is read from it has ended.
    ...{ budgets: [], sendLimits: [] },
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

/** A change of one challenge: its row, and the events that follow its last one. */
export function append(row: VerificationRow, ...events: readonly AuditEvent[]) {
  return {
    row: { ...row, sequence: row.sequence + events.length },
    events: events.map((event, index) => toEventRow({ ...event, sequence: row.sequence + index + 1 })),
  };
}

/** Whether the attempt that approved it is one of those that were never answered. */
export function isUnfinished({ status, approved_by: by }: VerificationRow, withdrawn: readonly string[] = []): boolean {
  return status === 'approved' && by !== null && withdrawn.includes(by);
}

/** The row of a challenge that ends: without secrets, and looked at again only for attempts still being judged. */
export function ended(row: VerificationRow, status: Status, now: number): VerificationRow {
  return {
    ...row,
    status,
    ended_at: now,
    next_send_at: null,
    due_at: row.attempts > row.judged ? now + RECONCILE_MS : null,
    rev: row.rev + 1,
    code_hash: null,
    sealed: null,
  };
}
