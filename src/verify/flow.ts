import type { Challenge, ChallengeFacts, Send, SendStatus, Status } from './challenge.ts';
import type { DeliverResult, Receipt } from './deliver.ts';

/**
 * The sending side of a challenge as a pure state machine: from what is stored and what happened to what is stored
 * next. Nothing here reads a clock, a store or a carrier; the store applies a change only if nobody was faster.
 *
 * queued → sending → sent → delivered | failed
 *                  → failed | unknown (a late receipt may still settle it)
 */
export interface Flow {
  sends: Send[];
  step: number;
  nextSendAt: number | null;
  dueAt: number | null;
  status: Status;
}

/** A claimed send is this process's for so long; afterwards another may take it up. Longer than a carrier call may last. */
export const LEASE_MS = 15_000;

/** What of a challenge decides when its steps are due. */
type Terms = Pick<ChallengeFacts, 'workflow' | 'expiresAt' | 'cooldownSeconds'>;

export function beginFlow(terms: Terms, now: number): Flow {
  const [first] = terms.workflow;
  if (!first) throw new Error('a workflow has at least one step');
  const sends: Send[] = [{ channel: first.channel, status: 'queued', at: now, requested: true }];
  const nextSendAt = afterWait(terms, sends, 0, now);
  return { sends, step: 0, nextSendAt, dueAt: now + LEASE_MS, status: 'pending' };
}

/** Nothing to send: a test number. */
export function idleFlow(expiresAt: number): Flow {
  return { sends: [], step: 0, nextSendAt: null, dueAt: expiresAt, status: 'pending' };
}

export type DueAction =
  | { kind: 'send'; index: number }
  | { kind: 'next_step'; flow: Flow }
  | { kind: 'lost'; index: number; flow: Flow }
  | { kind: 'end'; flow: Flow }
  | { kind: 'reconcile' }
  | { kind: 'wait'; flow: Flow };

/** What a challenge that is due needs. */
export function planDue(challenge: Challenge, now: number): DueAction {
  if (challenge.status !== 'pending') return { kind: 'reconcile' };
  if (now >= challenge.expiresAt) return { kind: 'end', flow: endFlow(challenge, 'expired') };
  const index = challenge.sends.findIndex((send) => send.status === 'queued');
  if (index >= 0) return { kind: 'send', index };
  const lost = challenge.sends.findIndex((send) => send.status === 'sending' && now >= (send.until ?? 0));
  if (lost >= 0) return { kind: 'lost', index: lost, flow: withSend(challenge, lost, { status: 'unknown' }) };
  if (challenge.nextSendAt !== null && now >= challenge.nextSendAt)
    return { kind: 'next_step', flow: nextStep(challenge, now) };
  return { kind: 'wait', flow: rescheduled(challenge) };
}

/** Marked before the carrier is called, so that a crash in the call is known to be ambiguous. */
export function markSending(challenge: Challenge, index: number, now: number): Flow {
  return withSend(challenge, index, { status: 'sending', until: now + LEASE_MS });
}

/** Records what the carrier said. Null when the send is settled already (by a receipt that came first). */
export function settleSend(challenge: Challenge, index: number, result: DeliverResult, now: number): Flow | null {
  const status: SendStatus = result.kind;
  const from = challenge.sends[index]?.status;
  if (from !== 'sending' && !(from === 'unknown' && status !== 'unknown')) return null;
  const flow = withSend(challenge, index, {
    status,
    provider: result.provider,
    ...(result.kind !== 'sent' && { reason: result.reason }),
  });
  return status === 'failed' ? afterFailure(challenge, flow, now) : flow;
}

/** Final states stick; `delivered` and `failed` are final. Null when the receipt changes nothing. */
export function applyReceipt(challenge: Challenge, receipt: Receipt, now: number): Flow | null {
  const from = challenge.sends[receipt.sendIndex]?.status;
  if (from === undefined || from === 'delivered' || from === 'failed' || from === 'skipped') return null;
  const flow = withSend(challenge, receipt.sendIndex, {
    status: receipt.status,
    provider: receipt.provider,
    ...(receipt.reason !== undefined && { reason: receipt.reason }),
  });
  if (receipt.status === 'failed') return afterFailure(challenge, flow, now);
  if (challenge.fallback === 'unless_delivered') return rescheduled({ ...challenge, ...flow, nextSendAt: null });
  return flow;
}

/** One more send, by the same or another channel. A later step of that channel counts as begun. */
export function resendFlow(challenge: Challenge, channel: Send['channel'] | undefined, now: number): Flow {
  const last = challenge.sends.at(-1)?.channel ?? challenge.workflow[0]?.channel ?? 'sms';
  const chosen = channel ?? last;
  const later = challenge.workflow.findIndex((step, index) => index > challenge.step && step.channel === chosen);
  const step = later >= 0 ? later : challenge.step;
  const sends: Send[] = [...challenge.sends, { channel: chosen, status: 'queued', at: now, requested: true }];
  const nextSendAt = afterWait(challenge, sends, step, now);
  return { sends, step, nextSendAt, dueAt: now + LEASE_MS, status: 'pending' };
}

/** A step that a limit forbids is passed over: the one after it need not wait for what was never sent. */
export function skipStep(challenge: Challenge, now: number): Flow {
  const step = challenge.step + 1;
  const nextSendAt = plannedAt(challenge, challenge.sends, step, now);
  return nextSendAt === null ? endWorkflow(challenge) : rescheduled({ ...challenge, step, nextSendAt });
}

/** What was sent may still be answered. */
function endWorkflow(challenge: Challenge): Flow {
  const flow = rescheduled({ ...challenge, nextSendAt: null });
  return allFailed(flow.sends) ? endFlow(challenge, 'undeliverable') : flow;
}

export function endFlow(challenge: Challenge, status: Exclude<Status, 'pending'>): Flow {
  const sends = challenge.sends.map((send) =>
    send.status === 'queued' ? { ...send, status: 'skipped' as const } : send,
  );
  return { sends, step: challenge.step, nextSendAt: null, dueAt: null, status };
}

function nextStep(challenge: Challenge, now: number): Flow {
  const step = challenge.step + 1;
  const entry = challenge.workflow[step];
  if (!entry || challenge.sends.length >= challenge.maxSends) return endWorkflow(challenge);
  const sends: Send[] = [...challenge.sends, { channel: entry.channel, status: 'queued', at: now }];
  const nextSendAt = afterWait(challenge, sends, step, now);
  return { sends, step, nextSendAt, dueAt: now + LEASE_MS, status: 'pending' };
}

/** When the newest send failed: at once on to the next step; without one, and with every send failed, the code cannot reach the phone. */
function afterFailure(challenge: Challenge, flow: Flow, now: number): Flow {
  if (challenge.status !== 'pending') return flow;
  if (flow.sends.at(-1)?.status !== 'failed') return flow;
  const hasNext = challenge.step + 1 < challenge.workflow.length && flow.sends.length < challenge.maxSends;
  if (hasNext) return { ...flow, nextSendAt: now, dueAt: now };
  return allFailed(flow.sends) ? endFlow({ ...challenge, ...flow }, 'undeliverable') : flow;
}

function allFailed(sends: readonly Send[]): boolean {
  return sends.every((send) => send.status === 'failed' || send.status === 'skipped');
}

function withSend(challenge: Challenge, index: number, change: Partial<Send>): Flow {
  const sends = challenge.sends.map((send, i) => {
    if (i !== index) return send;
    const { until: _ended, ...rest } = send;
    return { ...rest, ...change };
  });
  return rescheduled({ ...challenge, sends });
}

function rescheduled(challenge: Challenge): Flow {
  const { sends, step, nextSendAt, status } = challenge;
  if (status !== 'pending') return { sends, step, nextSendAt: null, dueAt: challenge.dueAt, status };
  const dates = [challenge.expiresAt, nextSendAt ?? challenge.expiresAt];
  for (const send of sends) {
    if (send.status === 'sending') dates.push(send.until ?? 0);
    // Whoever queued or claimed it holds the challenge's lease.
    if (send.status === 'queued') dates.push(challenge.dueAt ?? 0);
  }
  return { sends, step, nextSendAt, dueAt: Math.min(...dates), status };
}

/** When the step after this one is due, if this one has just begun. */
function afterWait(terms: Terms, sends: readonly Send[], step: number, now: number): number | null {
  return plannedAt(terms, sends, step, now + (terms.workflow[step]?.wait_seconds ?? 0) * 1000);
}

/** Sends by one channel are at least the cool-down apart. */
function plannedAt(terms: Terms, sends: readonly Send[], step: number, earliest: number): number | null {
  const { workflow, expiresAt, cooldownSeconds } = terms;
  const next = workflow[step + 1];
  if (!next) return null;
  const last = sends.findLast(({ channel }) => channel === next.channel);
  const at = Math.max(earliest, last ? last.at + cooldownSeconds * 1000 : earliest);
  return at < expiresAt ? at : null;
}
