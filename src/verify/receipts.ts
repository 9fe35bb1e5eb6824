import type { AuditEvent } from '../audit/event.ts';
import type { Challenge } from './challenge.ts';
import type { Receipt } from './deliver.ts';
import type { VerifyDeps } from './deps.ts';
import { challengeEvent, sendData } from './events.ts';
import { applyReceipt, type Flow } from './flow.ts';
import { runSends } from './run-sends.ts';
import { RECONCILE_MS } from './store.ts';

const MAX_CONFLICTS = 8;

/** Works a carrier's receipt in. Doubled, late and out-of-order receipts change nothing; unknown ones are ignored. */
export async function handleReceipt(deps: VerifyDeps, receipt: Receipt, now: number): Promise<void> {
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
    const challenge = await deps.store.get(receipt.verificationId);
    if (!challenge) return;
    const flow = applyReceipt(challenge, receipt, now);
    if (!flow) return;
    const next = await store(deps, challenge, flow, receipt, now);
    if (!next) continue;
    // A failed send may have made the next step due.
    if (next.status === 'pending' && next.dueAt !== null && next.dueAt <= now) await runSends(deps, next);
    return;
  }
}

async function store(
  deps: VerifyDeps,
  challenge: Challenge,
  flow: Flow,
  receipt: Receipt,
  now: number,
): Promise<Challenge | null> {
  const type = receipt.status === 'delivered' ? 'verification.delivered' : 'verification.undelivered';
  const data = {
    ...sendData(challenge, receipt.sendIndex),
    provider: receipt.provider,
    ...(receipt.reason !== undefined && { reason: receipt.reason }),
  };
  const events = [...sentEvents(challenge, receipt, now), challengeEvent(type, challenge, 'system', now, data)];
  const ended = flow.status !== challenge.status;
  if (ended) events.push(challengeEvent('verification.undeliverable', challenge, 'system', now));
  const dueAt = ended && challenge.attempts > challenge.judged ? now + RECONCILE_MS : flow.dueAt;
  const result = await deps.store.advance(challenge.id, challenge.rev, { ...flow, dueAt, events }, now);
  return result.kind === 'ok' ? { ...challenge, ...flow, dueAt, rev: result.rev } : null;
}

/** A receipt may be faster than the outcome of the call that it is about, and proves that the carrier took the message. */
function sentEvents(challenge: Challenge, { sendIndex, provider }: Receipt, now: number): AuditEvent[] {
  if (challenge.sends[sendIndex]?.status !== 'sending') return [];
  const data = { ...sendData(challenge, sendIndex), provider, outcome: 'sent' };
  return [challengeEvent('verification.sent', challenge, 'system', now, data)];
}
