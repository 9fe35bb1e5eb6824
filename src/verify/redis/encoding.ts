import type { BudgetState } from '../budgets.ts';
import type { Challenge, ChallengeFacts, Send, Status } from '../challenge.ts';

/** The fields that change, in the order of FIELDS in db/lua/lib-challenge.lua. Null is '' or nil there. */
export type Fields = readonly [
  status: Status,
  attempts: string,
  judged: string,
  sends: string,
  step: string,
  next: string,
  due: string,
  ended: string | null,
  rev: string,
  sequence: string,
  by: string | null,
  code: string | null,
  sealed: string | null,
];

export const FIELD_NAMES = [
  'status',
  'attempts',
  'judged',
  'sends',
  'step',
  'next',
  'due',
  'ended',
  'rev',
  'sequence',
  'by',
  'code',
  'sealed',
] as const;

export function toChallenge(facts: ChallengeFacts, fields: Fields): Challenge {
  const [status, attempts, judged, sends, step, next, due, ended, rev, , , code, sealed] = fields;
  return {
    ...facts,
    status,
    attempts: Number(attempts),
    judged: Number(judged),
    sends: JSON.parse(sends) as Send[],
    step: Number(step),
    nextSendAt: toTime(next),
    dueAt: toTime(due),
    endedAt: toTime(ended),
    rev: Number(rev),
    secrets: code && sealed ? { codeHash: code, sealed } : null,
  };
}

export function factsOf(challenge: Challenge): ChallengeFacts {
  const { status, attempts, judged, sends, step, nextSendAt, dueAt, endedAt, rev, secrets, ...facts } = challenge;
  return facts;
}

/** Scripts give a changed number back as a number, a read one as text. */
export function toTime(value: string | number | null): number | null {
  return value === '' || value === null ? null : Number(value);
}

export function fromTime(at: number | null): string | number {
  return at ?? '';
}

/** What the read model keeps of a new challenge; the same as snapshot() in lib-challenge.lua. */
export function newSnapshot({ status, attempts, judged, step, nextSendAt, endedAt, rev, sends }: Challenge): string {
  return JSON.stringify([status, attempts, judged, step, nextSendAt, endedAt, rev, null, sends]);
}

/** As lib-budgets.lua writes it. */
export function toBudgetState(state: string): BudgetState {
  const [failures = 0, startedAt = 0, lockedUntil = 0, inARow = 0] = state.split(':').map(Number);
  return { failures, startedAt, lockedUntil, inARow };
}
