import { Problem } from '../lib/errors.ts';
import type { CheckResult } from './check.ts';
import type { ResendResult } from './resend.ts';
import type { StartResult } from './start.ts';
import type { LimitHit, Locked } from './store.ts';

/** What the expected failures of the lifecycle look like to callers. */
export function startProblem(result: Exclude<StartResult, { kind: 'created' }>, now: number): Problem {
  switch (result.kind) {
    case 'invalid_phone_number':
      return new Problem('invalid_phone_number', {
        errors: [{ pointer: '/to', message: 'is not a valid phone number' }],
      });
    case 'invalid_request':
    case 'policy_violation':
      return new Problem(result.kind, { errors: [{ pointer: result.pointer, message: result.message }] });
    case 'origin_not_verified':
      return new Problem(result.kind, { errors: [{ pointer: '/origin', message: 'is not verified' }] });
    case 'app_not_registered':
      return new Problem(result.kind, { errors: [{ pointer: '/android_app_hash', message: 'is not registered' }] });
    case 'limited':
      return limitProblem(result, now);
    case 'locked':
      return lockProblem(result, now);
  }
}

export function resendProblem(result: Exclude<ResendResult, { kind: 'sent' }>, now: number): Problem {
  switch (result.kind) {
    case 'not_found':
      return new Problem('not_found');
    case 'ended':
      return new Problem('verification_ended', { extensions: { verification_status: result.challenge.status } });
    case 'invalid_request':
    case 'policy_violation':
      return new Problem(result.kind, { errors: [{ pointer: result.pointer, message: result.message }] });
    case 'limited':
      return limitProblem(result, now);
    case 'locked':
      return lockProblem(result, now);
  }
}

export function checkProblem(result: Exclude<CheckResult, { kind: 'valid' | 'invalid' }>, now: number): Problem {
  switch (result.kind) {
    case 'not_found':
      return new Problem('not_found');
    case 'invalid_code_format':
      return new Problem('invalid_code_format', {
        errors: [{ pointer: '/code', message: 'must be exactly as many ASCII digits as the code has' }],
      });
    case 'context_required':
      return new Problem('context_required', { errors: [{ pointer: '/context', message: 'is required' }] });
    case 'throttled':
      return lockProblem({ kind: 'locked', budget: 'project', until: result.until }, now);
  }
}

function limitProblem({ limit, retryAt }: LimitHit, now: number): Problem {
  return new Problem('send_limit_reached', {
    detail: `The limit "${limit}" is reached.`,
    retryAfterSeconds: secondsUntil(retryAt, now),
    extensions: { limit },
  });
}

function lockProblem({ budget, until }: Locked, now: number): Problem {
  if (until === null)
    return new Problem('recipient_disabled', { extensions: { limit: `${budget}_failures_in_a_row` } });
  return new Problem('guess_limit_reached', {
    detail: `The limit "${budget}_failures" is reached.`,
    retryAfterSeconds: secondsUntil(until, now),
    extensions: { limit: `${budget}_failures` },
  });
}

function secondsUntil(at: number, now: number): number {
  return Math.max(1, Math.ceil((at - now) / 1000));
}
