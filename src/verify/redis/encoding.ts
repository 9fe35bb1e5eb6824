import type { AuditEvent } from '../../audit/event.ts';
import type { BudgetState } from '../budgets.ts';
import type { Budget, Challenge, ChallengeFacts, Limit, Send, Status } from '../challenge.ts';

/** What the two strings of a challenge hold is written at the top of db/lua/lib-challenge.lua. */
const NONE = '-';
const SENDS_AT = 12;

export function toChallenge(facts: ChallengeFacts, state: string): Challenge {
  const words = state.split(' ');
  const [code = NONE, sealed = NONE, status, attempts, judged, step, next, due, ended, rev] = words;
  return {
    ...facts,
    status: status as Status,
    attempts: Number(attempts),
    judged: Number(judged),
    sends: JSON.parse(words.slice(SENDS_AT).join(' ')) as Send[],
    step: Number(step),
    nextSendAt: toTime(next),
    dueAt: toTime(due),
    endedAt: toTime(ended),
    rev: Number(rev),
    secrets: code === NONE || sealed === NONE ? null : { codeHash: code, sealed },
  };
}

export function isPending(state: string): boolean {
  return state.split(' ', 3)[2] === 'pending';
}

/** Of a new challenge, whose first event is recorded with it. */
export function newState(challenge: Challenge): string {
  const { secrets, status, attempts, judged, step, nextSendAt, dueAt, endedAt, rev, sends } = challenge;
  const times = `${fromTime(nextSendAt)} ${fromTime(dueAt)} ${fromTime(endedAt)}`;
  return `${secrets?.codeHash ?? NONE} ${secrets?.sealed ?? NONE} ${status} ${attempts} ${judged} ${step} ${times} ${rev} 1 ${NONE} ${JSON.stringify(sends)}`;
}

/** JSON has no members that are undefined; to write over them costs a third of leaving them out. */
const LEFT_OUT: Record<Exclude<keyof Challenge, keyof ChallengeFacts> | 'budgets' | 'sendLimits', undefined> = {
  status: undefined,
  attempts: undefined,
  judged: undefined,
  sends: undefined,
  step: undefined,
  nextSendAt: undefined,
  dueAt: undefined,
  endedAt: undefined,
  rev: undefined,
  secrets: undefined,
  budgets: undefined,
  sendLimits: undefined,
};

/** The facts without the terms, which nobody needs once a challenge has ended: they are not recorded. */
export function factsOf(challenge: Challenge): string {
  return JSON.stringify({ ...challenge, ...LEFT_OUT });
}

/** Budgets and limits, without the names of their members. */
export function termsOf({ budgets, sendLimits }: Challenge): string {
  return JSON.stringify([
    budgets.map(({ name, key, max, windowMs, lockMs, hardMax }) => [name, key, max, windowMs, lockMs, hardMax]),
    sendLimits.map(({ name, key, max, windowMs }) => [name, key, max, windowMs]),
  ]);
}

type Terms = [
  budgets: [name: Budget['name'], key: string, max: number, windowMs: number, lockMs: number, hardMax: number][],
  limits: [name: string, key: string, max: number, windowMs: number][],
];

/** Of facts and terms as they are kept together. */
export function toFacts(text: string): ChallengeFacts {
  const end = text.indexOf('\n');
  const [budgets, limits] = JSON.parse(text.slice(end + 1)) as Terms;
  return {
    ...(JSON.parse(text.slice(0, end)) as ChallengeFacts),
    budgets: budgets.map(toBudget),
    sendLimits: limits.map(([name, key, max, windowMs]): Limit => ({ name, key, max, windowMs })),
  };
}

function toBudget([name, key, max, windowMs, lockMs, hardMax]: Terms[0][number]): Budget {
  return { name, key, max, windowMs, lockMs, hardMax };
}

/** An event that is recorded beside the facts leaves out what they say; audit/recorder puts it back. */
export function shortEvent({ id, type, at, actor, data }: AuditEvent): string {
  return JSON.stringify({ id, type, at, actor, data });
}

function toTime(word: string | undefined): number | null {
  return word === undefined || word === NONE ? null : Number(word);
}

export function fromTime(at: number | null): string | number {
  return at ?? NONE;
}

/** As lib-budgets.lua writes it. */
export function toBudgetState(state: string): BudgetState {
  const [failures = 0, startedAt = 0, lockedUntil = 0, inARow = 0] = state.split(':').map(Number);
  return { failures, startedAt, lockedUntil, inARow };
}
