import { randomBytes, randomInt } from 'node:crypto';
import type { AuditEvent, EventType } from '../../src/audit/event.ts';
import { newChallengeId, newId, SHARDS } from '../../src/lib/ids.ts';
import type { Budget, Challenge, Limit } from '../../src/verify/challenge.ts';
import { challengeEvent } from '../../src/verify/events.ts';
import type { CreateEvents, FailEvents, FlowChange, Spend } from '../../src/verify/store.ts';
import { atFileEnd } from '../rig/file-end.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const LAST_EPOCH = Date.UTC(2026, 0, 1);
let epoch = LAST_EPOCH;

/** A test's own time, earlier than any before it: nothing that an earlier test left behind is due in it. */
export function newEpoch(): number {
  // The next file has a store of its own; without an end to it, times would come before 1970.
  if (epoch === LAST_EPOCH) {
    atFileEnd(() => {
      epoch = LAST_EPOCH;
    });
  }
  epoch -= 60 * DAY;
  return epoch;
}

export function random(): string {
  return randomBytes(20).toString('base64url');
}

/** Somebody with a number; every challenge of one person lives in one shard. */
export interface Person {
  to: string;
  shard: number;
  hash: string;
}

export function newPerson(): Person {
  return { to: `+336${randomInt(1e7, 1e8)}`, shard: randomInt(SHARDS), hash: random() };
}

/** Pending, one SMS queued, ten minutes to live, five attempts, nothing it counts against. */
export function newChallenge(now: number, changes: Partial<Challenge> = {}, who: Person = newPerson()): Challenge {
  return {
    id: newChallengeId(who.shard),
    project: 'prj_one',
    mode: 'live',
    to: who.to,
    recipientHash: who.hash,
    masked: `${who.to.slice(0, 3)}*******${who.to.slice(-2)}`,
    country: 'FR',
    subject: 'user-42',
    purpose: 'login',
    locale: 'fr',
    workflow: [{ channel: 'sms', wait_seconds: 30 }, { channel: 'voice' }],
    codeLength: 6,
    maxAttempts: 5,
    maxSends: 5,
    cooldownSeconds: 60,
    resendCode: 'same',
    hashPreset: 'fast',
    fallback: 'unless_approved',
    contextDigest: null,
    client: { ip: '203.0.113.7', user_agent: 'a "quoted" agent, ünïcode 🙂', device_id: 'phone-1' },
    metadata: { order: '17', empty: '' },
    brand: 'ACME',
    testNumber: false,
    proofTtlSeconds: 300,
    ledger: true,
    createdAt: now,
    expiresAt: now + 10 * MINUTE,
    budgets: [],
    sendLimits: [],
    status: 'pending',
    attempts: 0,
    judged: 0,
    sends: [{ channel: 'sms', status: 'queued', at: now }],
    step: 0,
    nextSendAt: now + 30 * SECOND,
    dueAt: now + 15 * SECOND,
    endedAt: null,
    rev: 1,
    secrets: { codeHash: `k1$fast$$${random()}`, sealed: `k1.${random()}` },
    ...changes,
  };
}

/** Shared only by challenges of this person. */
export function recipientLimit(who: Person, max: number, windowMs: number): Limit {
  return { name: 'recipient_10_minutes', key: `r10:${who.hash}`, max, windowMs };
}

export function cooldown(who: Person, windowMs = MINUTE): Limit {
  return { name: 'recipient_cooldown', key: `r0:${who.hash}`, max: 1, windowMs };
}

/** Shared by challenges of anybody, so on a cluster it may live far from them. */
export function customLimit(max: number, windowMs: number, key = `c:${random()}`): Limit {
  return { name: 'custom:order-17', key, max, windowMs };
}

export function recipientBudget(who: Person, changes: Partial<Budget> = {}): Budget {
  return { name: 'recipient', key: `r:${who.hash}`, max: 3, windowMs: DAY, lockMs: HOUR, hardMax: 0, ...changes };
}

export function subjectBudget(changes: Partial<Budget> = {}): Budget {
  return { name: 'subject', key: `s:${random()}`, max: 3, windowMs: DAY, lockMs: HOUR, hardMax: 0, ...changes };
}

export function eventOf(
  type: EventType,
  challenge: Challenge,
  now: number,
  data: Record<string, unknown> = {},
): AuditEvent {
  return challengeEvent(type, challenge, 'key_one', now, data);
}

export function createEvents(challenge: Challenge, now: number): CreateEvents {
  const { verificationId: _never, ...refused } = eventOf('verification.blocked', challenge, now, { channel: 'sms' });
  return { created: eventOf('verification.created', challenge, now, { channel: 'sms' }), refused };
}

/** As the check writes it: before anything about the challenge is known. */
function incompleteEvent(type: EventType, challenge: Challenge, now: number): AuditEvent {
  const { id: verificationId, project, mode } = challenge;
  return { id: newId('evt'), type, at: now, project, mode, actor: 'key_one', verificationId, data: {} };
}

export function newSpend(challenge: Challenge, now: number, changes: Partial<Spend> = {}): Spend {
  return {
    project: challenge.project,
    mode: challenge.mode,
    codeLength: challenge.codeLength,
    contextDigest: challenge.contextDigest,
    attempt: random(),
    refused: incompleteEvent('verification.attempt_failed', challenge, now),
    canceled: incompleteEvent('verification.canceled', challenge, now),
    ...changes,
  };
}

export function failEvents(challenge: Challenge, now: number): FailEvents {
  return {
    failed: eventOf('verification.attempt_failed', challenge, now, { reason: 'wrong_code' }),
    notices: [],
    exhausted: eventOf('verification.exhausted', challenge, now),
  };
}

/** Everything as it is, but for what the test is about. */
export function newChange(challenge: Challenge, changes: Partial<FlowChange> = {}): FlowChange {
  const { sends, step, nextSendAt, dueAt, status } = challenge;
  return { sends, step, nextSendAt, dueAt, status, events: [], ...changes };
}
