import type { Challenge } from './challenge.ts';
import type { Caller, VerifyDeps } from './deps.ts';
import { challengeEvent } from './events.ts';
import { endFlow } from './flow.ts';
import { readOwn } from './resend.ts';
import { RECONCILE_MS } from './store.ts';

export type CancelResult =
  | { kind: 'canceled'; challenge: Challenge }
  | { kind: 'not_found' }
  | { kind: 'ended'; challenge: Challenge }
  | { kind: 'conflict' };

const MAX_CONFLICTS = 8;

export async function cancelVerification(
  deps: VerifyDeps,
  caller: Caller,
  id: string,
  now: number,
): Promise<CancelResult> {
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
    const challenge = await readOwn(deps, caller, id);
    if (!challenge) return { kind: 'not_found' };
    if (challenge.status === 'canceled') return { kind: 'canceled', challenge };
    if (challenge.status !== 'pending' || now >= challenge.expiresAt) return { kind: 'ended', challenge };
    const flow = endFlow(challenge, 'canceled');
    const dueAt = challenge.attempts > challenge.judged ? now + RECONCILE_MS : null;
    const events = [challengeEvent('verification.canceled', challenge, caller.actor, now)];
    const result = await deps.store.advance(id, challenge.rev, { ...flow, dueAt, events }, now);
    if (result.kind === 'ok')
      return { kind: 'canceled', challenge: { ...challenge, ...flow, endedAt: now, rev: result.rev } };
  }
  return { kind: 'conflict' };
}
