import type { FieldError } from '../lib/errors.ts';
import type { Policy } from './policy.ts';

/**
 * Where members of a policy contradict each other, so that verifications could never be started or their workflow
 * never carried out. Each member by itself is within its bounds already. Empty when nothing is wrong.
 */
export function findPolicyConflicts(policy: Policy): FieldError[] {
  return [...channelConflicts(policy), ...localeConflicts(policy), ...purposeConflicts(policy)];
}

function* channelConflicts({ workflow, allowed_channels: allowed }: Policy): Generator<FieldError> {
  if (allowed.length === 0) {
    yield { pointer: '/allowed_channels', message: 'must name at least one channel' };
    return;
  }
  for (const [index, step] of workflow.entries()) {
    if (!allowed.includes(step.channel)) {
      yield { pointer: `/workflow/${index}/channel`, message: `${step.channel} is not one of allowed_channels` };
    }
    if (step.wait_seconds === undefined && index < workflow.length - 1) {
      yield { pointer: `/workflow/${index}/wait_seconds`, message: 'is required of every step but the last' };
    }
  }
}

function* localeConflicts({ locales, default_locale: fallback }: Policy): Generator<FieldError> {
  if (locales && !locales.includes(fallback)) {
    yield { pointer: '/default_locale', message: `${fallback} is not one of locales` };
  }
}

function* purposeConflicts({ purposes }: Policy): Generator<FieldError> {
  if (purposes?.length === 0) yield { pointer: '/purposes', message: 'must name at least one purpose, or be null' };
}
