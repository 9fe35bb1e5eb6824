import { toTimestamp } from '../lib/clock.ts';
import type { Challenge } from './challenge.ts';
import type { CheckResult, Invalid } from './check.ts';

/** What the public sees of a challenge: never a code, a hash or a counter key. */
export function viewVerification(challenge: Challenge) {
  return {
    id: challenge.id,
    status: challenge.status,
    to: challenge.to,
    ...(challenge.email && { email: challenge.email.masked }),
    channel: challenge.sends.at(-1)?.channel ?? challenge.workflow[0]?.channel ?? 'sms',
    purpose: challenge.purpose,
    locale: challenge.locale,
    ...(challenge.subject !== undefined && { subject: challenge.subject }),
    attempts_remaining: challenge.status === 'pending' ? Math.max(0, challenge.maxAttempts - challenge.attempts) : 0,
    sends: challenge.sends.map(({ channel, status, at, provider, reason }) => ({
      channel,
      // Whether a send is being handed over just now is our own affair.
      status: status === 'sending' ? ('queued' as const) : status,
      at: toTimestamp(at),
      ...(provider !== undefined && { provider }),
      ...(reason !== undefined && { reason }),
    })),
    created_at: toTimestamp(challenge.createdAt),
    expires_at: toTimestamp(challenge.expiresAt),
    ended_at: challenge.endedAt === null ? null : toTimestamp(challenge.endedAt),
    next_send_at: challenge.nextSendAt === null ? null : toTimestamp(challenge.nextSendAt),
    resend_at: resendAt(challenge),
    metadata: challenge.metadata,
  };
}

/** When the cool-down ends, for a countdown in the app; other limits may still refuse. */
function resendAt(challenge: Challenge): string | null {
  if (challenge.status !== 'pending' || challenge.sends.length >= challenge.maxSends) return null;
  const last = challenge.sends.findLast((send) => send.requested)?.at ?? challenge.createdAt;
  return toTimestamp(last + challenge.cooldownSeconds * 1000);
}

export function viewValid(result: Extract<CheckResult, { kind: 'valid' }>) {
  return { id: result.challenge.id, status: 'approved' as const, valid: true as const, token: result.token };
}

export function viewInvalid(result: Invalid) {
  return {
    id: result.id,
    valid: false as const,
    status: result.status,
    attempts_remaining: result.attemptsRemaining,
    reason: result.reason,
    ...(result.lockedUntil !== undefined && {
      locked_until: result.lockedUntil === null ? null : toTimestamp(result.lockedUntil),
    }),
  };
}

/** What a client token hears of any failure: wrong, expired, used, locked and unknown look the same. */
export function viewFailure(id: string) {
  return { id, valid: false as const, status: 'pending' as const, reason: 'not_accepted' as const };
}
