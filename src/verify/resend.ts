import type { Challenge, Channel } from './challenge.ts';
import type { Caller, VerifyDeps } from './deps.ts';
import { challengeEvent } from './events.ts';
import { resendFlow } from './flow.ts';
import { limitsOfSend } from './limits.ts';
import { runSends } from './run-sends.ts';
import { renewedSecrets } from './sealed-code.ts';
import type { LimitHit, Locked } from './store.ts';

export type ResendResult =
  | { kind: 'sent'; challenge: Challenge }
  | { kind: 'not_found' }
  | { kind: 'ended'; challenge: Challenge }
  | { kind: 'invalid_request' | 'policy_violation'; pointer: string; message: string }
  | LimitHit
  | Locked;

export interface ResendRequest {
  channel?: Channel | undefined;
  allowedChannels: readonly Channel[];
}

const MAX_CONFLICTS = 8;

/** Sends again; never gives attempts back. Nothing is sent that could not be checked, because of too many failed guesses. */
export async function resendVerification(
  deps: VerifyDeps,
  caller: Caller,
  id: string,
  request: ResendRequest,
  now: number,
): Promise<ResendResult> {
  const { channel, allowedChannels } = request;
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
    const challenge = await readOwn(deps, caller, id);
    if (!challenge) return { kind: 'not_found' };
    if (challenge.status !== 'pending' || now >= challenge.expiresAt || challenge.attempts >= challenge.maxAttempts) {
      return { kind: 'ended', challenge };
    }
    if (channel && !allowedChannels.includes(channel)) {
      return { kind: 'policy_violation', pointer: '/channel', message: `channel ${channel} is not allowed` };
    }
    if (channel === 'email' && !challenge.email) {
      return { kind: 'invalid_request', pointer: '/channel', message: 'was started without an e-mail address' };
    }
    const result = await resendOnce(deps, caller, challenge, channel, now);
    if (result) return result;
  }
  // Whoever kept winning the race was sending as well, so this one comes too early.
  return { kind: 'limited', limit: 'recipient_cooldown', retryAt: now + 1000 };
}

/** Null on a conflict. */
async function resendOnce(
  deps: VerifyDeps,
  caller: Caller,
  challenge: Challenge,
  channel: Channel | undefined,
  now: number,
): Promise<ResendResult | null> {
  if (challenge.testNumber) return { kind: 'sent', challenge };
  const chosen = channel ?? challenge.sends.at(-1)?.channel ?? 'sms';
  const refused = challengeEvent('verification.blocked', challenge, caller.actor, now, { channel: chosen });
  if (challenge.sends.length >= challenge.maxSends) {
    const limit = 'sends_per_verification';
    await deps.store.record({ ...refused, data: { ...refused.data, limit } });
    return { kind: 'limited', limit, retryAt: challenge.expiresAt };
  }
  const locked = await deps.store.findLock(challenge, now);
  if (locked) {
    await deps.store.record({ ...refused, data: { ...refused.data, limit: locked.budget } });
    return locked;
  }
  const flow = resendFlow(challenge, channel, now);
  const secrets = await renewedSecrets(deps, challenge);
  const limits = limitsOfSend(challenge.sendLimits, chosen, true);
  const change = { ...flow, ...(secrets && { secrets }), limits, refused, events: [] };
  const result = await deps.store.advance(challenge.id, challenge.rev, change, now);
  if (result.kind === 'conflict') return null;
  if (result.kind === 'limited') return result;
  const next = { ...challenge, ...flow, ...(secrets && { secrets }), rev: result.rev };
  deps.background(runSends(deps, next));
  return { kind: 'sent', challenge: next };
}

/** Null for another project's or mode's verification, as for an unknown one. */
export async function readOwn(deps: Pick<VerifyDeps, 'store'>, caller: Caller, id: string): Promise<Challenge | null> {
  const challenge = await deps.store.get(id);
  return challenge?.project === caller.project && challenge.mode === caller.mode ? challenge : null;
}
