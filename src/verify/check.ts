import { StoreUnavailable } from '../lib/errors.ts';
import { newOrderedId } from '../lib/ids.ts';
import { hashPhone, parsePhone } from '../lib/phone.ts';
import type { Challenge, Status } from './challenge.ts';
import { HashingUnavailable, isCodeShaped } from './code.ts';
import { type Context, contextDigest } from './context.ts';
import { countUnserved } from './count-unserved.ts';
import type { Caller, VerifyDeps } from './deps.ts';
import { challengeEvent } from './events.ts';
import { failuresBefore } from './failures-before.ts';
import { lockNotices } from './lock-notices.ts';
import type { Spend, SpendResult } from './store.ts';

export interface CheckInput {
  code: string;
  context?: Context;
  /** When given, must be what the verification was started with; a difference is a wrong answer. */
  purpose?: string;
  to?: string;
}

export type FailureReason =
  | 'wrong_code'
  | 'expired'
  | 'exhausted'
  | 'already_used'
  | 'canceled'
  | 'undeliverable'
  | 'context_mismatch'
  | 'locked';

export interface Invalid {
  kind: 'invalid';
  id: string;
  status: Status;
  attemptsRemaining: number;
  reason: FailureReason;
  /** With `locked`: when guessing is allowed again, ms; null: only after re-binding. */
  lockedUntil?: number | null;
}

export type CheckResult =
  | { kind: 'valid'; challenge: Challenge; token: string }
  | Invalid
  /** The whole project sees too many failures: somebody guesses across many verifications. */
  | { kind: 'throttled'; until: number }
  | { kind: 'not_found' }
  | { kind: 'invalid_code_format' }
  | { kind: 'context_required' };

/**
 * spend → judge → consume → answer. The attempt is counted before it is judged, so no race and no crash gives a free
 * guess; `consume` says yes to one caller only. `attempt` names this run of a request: another one hears the same answer.
 */
export function checkVerification(deps: VerifyDeps, ...request: Request): Promise<CheckResult> {
  return countUnserved(deps.metrics.checked, check(deps, ...request));
}

type Request = [caller: Caller, id: string, input: CheckInput, now: number, attempt: string];

async function check(
  deps: VerifyDeps,
  caller: Caller,
  id: string,
  input: CheckInput,
  now: number,
  attempt: string,
): Promise<CheckResult> {
  if (!isCodeShaped(input.code)) return { kind: 'invalid_code_format' };
  const spent = await deps.store.spend(id, describeAttempt(caller, id, input, now, attempt), now);
  const result =
    spent.kind === 'ok'
      ? await judge(deps, caller, spent, input, now, attempt)
      : await refuse(deps, caller, id, spent, now);
  deps.metrics.checked(result.kind === 'invalid' ? result.reason : result.kind);
  return result;
}

async function judge(
  deps: VerifyDeps,
  caller: Caller,
  spent: Extract<SpendResult, { kind: 'ok' }>,
  input: CheckInput,
  now: number,
  attempt: string,
): Promise<CheckResult> {
  const { challenge } = spent;
  const right = await refundIfUndecided(deps, caller, challenge, attempt, now, () => isRight(deps, challenge, input));
  if (!right) return countFailure(deps, caller, spent, now);
  // Judging may have waited in line; a code does not live longer for it.
  if (deps.now() >= challenge.expiresAt) return refuseRight(deps, caller, challenge, 'expired', now);
  const token = await refundIfUndecided(deps, caller, challenge, attempt, now, async () => {
    const signed = await sign(deps, challenge, now);
    return (await accept(deps, caller, spent, attempt, now)) ? signed : null;
  });
  if (token !== null) return { kind: 'valid', challenge: { ...challenge, status: 'approved', endedAt: now }, token };
  const current = (await deps.store.get(challenge.id)) ?? challenge;
  const reason = current.status === 'pending' || current.status === 'approved' ? 'already_used' : current.status;
  return refuseRight(deps, caller, current, reason, now);
}

async function countFailure(
  deps: VerifyDeps,
  caller: Caller,
  { challenge, budgets, withdrawn }: Extract<SpendResult, { kind: 'ok' }>,
  now: number,
): Promise<Invalid> {
  const failed = challengeEvent('verification.attempt_failed', challenge, caller.actor, now, { reason: 'wrong_code' });
  const exhausted = challengeEvent('verification.exhausted', challenge, caller.actor, now);
  const notices = lockNotices(challenge, budgets, caller.actor, now);
  const events = { failed, notices, exhausted };
  const { status, attemptsRemaining } = await deps.store.fail(challenge.id, events, now, withdrawn);
  return { kind: 'invalid', id: challenge.id, status, attemptsRemaining, reason: 'wrong_code' };
}

/** The code was right, but somebody else used it or the verification ended while it was judged. */
async function refuseRight(
  deps: VerifyDeps,
  caller: Caller,
  challenge: Challenge,
  reason: Exclude<FailureReason, 'wrong_code' | 'locked' | 'context_mismatch'>,
  now: number,
): Promise<Invalid> {
  const type = reason === 'already_used' ? 'verification.replayed' : 'verification.attempt_failed';
  const failed = challengeEvent(type, challenge, caller.actor, now, { reason });
  const exhausted = challengeEvent('verification.exhausted', challenge, caller.actor, now);
  await deps.store.fail(challenge.id, { failed, notices: [], exhausted }, now);
  return reason === 'already_used'
    ? { ...alreadyUsed(challenge), status: challenge.status }
    : invalid(challenge, reason);
}

/**
 * An attempt that nobody could judge, or that was right and could not be accepted, is given back: the person may try
 * again. So is one that was accepted without an answer: it was withdrawn, and the caller hears the error. After a wrong
 * answer nothing is ever given back.
 */
async function refundIfUndecided<T>(
  deps: VerifyDeps,
  caller: Caller,
  challenge: Challenge,
  attempt: string,
  now: number,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (isTransient(error)) {
      const data = { reason: 'not_decided', evaluated: false };
      const event = challengeEvent('verification.attempt_failed', challenge, caller.actor, now, data);
      // If the store is away too, the attempt stays spent: the safe side.
      await deps.store
        .refund(challenge.id, attempt, now)
        .then(() => deps.store.record(event))
        .catch(() => {});
    }
    throw error;
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof HashingUnavailable;
}

async function isRight(deps: VerifyDeps, challenge: Challenge, input: CheckInput): Promise<boolean> {
  if (!challenge.secrets) return false;
  const codeIsRight = await deps.hasher.matches(challenge.id, input.code, challenge.secrets.codeHash);
  const purposeIsRight = input.purpose === undefined || input.purpose === challenge.purpose;
  const phone = input.to === undefined ? null : parsePhone(input.to);
  const recipientIsRight =
    input.to === undefined || (phone !== null && hashPhone(deps.hashKey, phone.e164) === challenge.recipientHash);
  return codeIsRight && purposeIsRight && recipientIsRight;
}

async function accept(
  deps: VerifyDeps,
  caller: Caller,
  { challenge, budgets }: Extract<SpendResult, { kind: 'ok' }>,
  attempt: string,
  now: number,
): Promise<boolean> {
  const data = { channel: provenChannel(challenge), ...failuresBefore(challenge, budgets) };
  const event = challengeEvent('verification.approved', challenge, caller.actor, now, data);
  const approved = await deps.store.consume(challenge.id, attempt, event, now).catch(async (error) => {
    // The caller hears that error, whether it was carried out or not.
    if (challenge.secrets) await deps.store.withdraw(challenge.id, attempt, challenge.secrets.codeHash, now);
    throw error;
  });
  if (approved) {
    rememberDevice(deps, challenge, now);
    deps.approved?.(challenge);
  }
  return approved;
}

function rememberDevice(deps: VerifyDeps, challenge: Challenge, now: number): void {
  const key = challenge.client.device_id;
  if (key !== undefined) deps.background(deps.devices.remember(key, now));
}

async function refuse(
  deps: VerifyDeps,
  caller: Caller,
  id: string,
  spent: Exclude<SpendResult, { kind: 'ok' }>,
  now: number,
): Promise<CheckResult> {
  switch (spent.kind) {
    case 'approved':
      return { kind: 'valid', challenge: spent.challenge, token: await sign(deps, spent.challenge, now) };
    case 'gone':
      return refuseFromRecord(deps, caller, id, now);
    case 'malformed':
      return { kind: 'invalid_code_format' };
    case 'context_required':
      return { kind: 'context_required' };
    case 'refused':
      return spent.reason === 'already_used' ? alreadyUsed(spent.challenge) : invalid(spent.challenge, spent.reason);
    case 'locked':
      if (spent.budget === 'project') return { kind: 'throttled', until: spent.until ?? now };
      return { ...invalid(spent.challenge, 'locked'), lockedUntil: spent.until };
  }
}

/** The store forgets a verification some time after its end; the record does not. */
async function refuseFromRecord(deps: VerifyDeps, caller: Caller, id: string, now: number): Promise<CheckResult> {
  const record = await deps.records.get({ id, project: caller.project, mode: caller.mode });
  if (!record) return { kind: 'not_found' };
  const status = record.status === 'pending' ? 'expired' : record.status;
  const reason = status === 'approved' ? 'already_used' : status;
  const type = status === 'approved' ? 'verification.replayed' : 'verification.attempt_failed';
  await deps.store.record(challengeEvent(type, record, caller.actor, now, { reason, evaluated: false }));
  return { ...invalid(record, reason), status };
}

function describeAttempt(caller: Caller, id: string, input: CheckInput, now: number, attempt: string): Spend {
  const event = (type: 'verification.attempt_failed' | 'verification.canceled') => ({
    id: newOrderedId('evt', now),
    type,
    at: now,
    project: caller.project,
    mode: caller.mode,
    actor: caller.actor,
    verificationId: id,
    data: {},
  });
  return {
    project: caller.project,
    mode: caller.mode,
    codeLength: input.code.length,
    contextDigest: input.context ? contextDigest(input.context) : null,
    attempt,
    refused: event('verification.attempt_failed'),
    canceled: event('verification.canceled'),
  };
}

function invalid(challenge: Challenge, reason: FailureReason): Invalid {
  const attemptsRemaining =
    challenge.status === 'pending' ? Math.max(0, challenge.maxAttempts - challenge.attempts) : 0;
  const status = reason === 'expired' || reason === 'exhausted' ? reason : challenge.status;
  return { kind: 'invalid', id: challenge.id, status, attemptsRemaining, reason };
}

function alreadyUsed(challenge: Challenge): Invalid {
  return { kind: 'invalid', id: challenge.id, status: 'approved', attemptsRemaining: 0, reason: 'already_used' };
}

function sign(deps: VerifyDeps, challenge: Challenge, now: number): Promise<string> {
  return deps.signProof({ ...challenge, channel: provenChannel(challenge) }, now);
}

/**
 * The newest channel that may have carried the code. Where the same one went out by e-mail as well, that is what is
 * said: it may have been read there, and then nothing is proven of the number.
 */
function provenChannel({ sends, workflow, resendCode }: Challenge): string {
  const carried = sends.filter(({ status }) => status !== 'queued' && status !== 'failed' && status !== 'skipped');
  if (resendCode === 'same' && carried.some(({ channel }) => channel === 'email')) return 'email';
  return (carried.at(-1) ?? sends.at(-1) ?? workflow[0])?.channel ?? 'sms';
}
