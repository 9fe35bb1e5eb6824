import type { Challenge, Channel } from './challenge.ts';
import type { CodeMessage, DeliverResult } from './deliver.ts';
import type { VerifyDeps } from './deps.ts';
import { challengeEvent, sendData } from './events.ts';
import { type Flow, markSending, planDue, settleSend, skipStep } from './flow.ts';
import { limitsOfSend } from './limits.ts';
import { openCode, renewedSecrets, type SealedCode } from './sealed-code.ts';
import { USUAL_MANNER } from './spoken-manner.ts';
import { type FlowChange, RECONCILE_MS } from './store.ts';

/** A carrier call ends well before its lease does. */
const CALL_TIMEOUT_MS = 10_000;
const MAX_CONFLICTS = 8;

/**
 * Does whatever a challenge needs now, until it only has to wait. Whoever loses a race against another change stops:
 * the winner carries on.
 */
export async function runSends(deps: VerifyDeps, challenge: Challenge): Promise<void> {
  let current: Challenge | null = challenge;
  while (current) current = await runOnce(deps, current, deps.now());
}

/** The first send, by the process that created the challenge and so still knows the code. */
export async function sendFirst(deps: VerifyDeps, challenge: Challenge, code: SealedCode, now: number): Promise<void> {
  const begun = await apply(deps, challenge, markSending(challenge, 0, now), [], now);
  const next = begun && (await handOver(deps, begun, 0, toMessage(begun, 0, code, now)));
  if (next) await runSends(deps, next);
}

/** Returns the challenge when there may be more to do at once, null when it waits or somebody else was faster. */
async function runOnce(deps: VerifyDeps, challenge: Challenge, now: number): Promise<Challenge | null> {
  const action = planDue(challenge, now);
  switch (action.kind) {
    case 'send':
      return sendOne(deps, challenge, action.index, now);
    case 'lost': {
      const message = composeSend(deps, challenge, action.index, now);
      if (message) await deps.lost?.(message);
      const data = { ...sendData(challenge, action.index), outcome: 'unknown', reason: 'process_lost' };
      return apply(
        deps,
        challenge,
        action.flow,
        [challengeEvent('verification.sent', challenge, 'system', now, data)],
        now,
      );
    }
    case 'next_step':
      return beginStep(deps, challenge, action.flow, now);
    case 'end':
      return endChallenge(deps, challenge, action.flow, now);
    case 'reconcile':
      return reconcile(deps, challenge, now);
    case 'wait':
      if (action.flow.dueAt === challenge.dueAt) return null;
      await apply(deps, challenge, action.flow, [], now);
      return null;
  }
}

async function sendOne(deps: VerifyDeps, challenge: Challenge, index: number, now: number): Promise<Challenge | null> {
  const message = composeSend(deps, challenge, index, now);
  // Sealed under a master secret that this instance lacks; one that has it takes the step up when the lease ends.
  if (!message) return null;
  const begun = await apply(deps, challenge, markSending(challenge, index, now), [], now);
  return begun && handOver(deps, begun, index, message);
}

async function handOver(
  deps: VerifyDeps,
  challenge: Challenge,
  index: number,
  message: CodeMessage,
): Promise<Challenge | null> {
  // AbortSignal.timeout would keep the call in memory until its time is over.
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), CALL_TIMEOUT_MS);
  const result = await deps
    .deliver(message, patience.signal)
    .catch(
      // A provider that throws has a bug; whether the message left is not known.
      (): DeliverResult => ({ kind: 'unknown', provider: 'unknown', reason: 'internal_error' }),
    )
    .finally(() => clearTimeout(timer));
  deps.metrics.sent(message.channel, result.provider, message.country, result.kind);
  return settle(deps, challenge, index, result, deps.now());
}

/** The outcome must not get lost to a concurrent change, so it is worked in again until it holds. */
async function settle(
  deps: VerifyDeps,
  challenge: Challenge,
  index: number,
  result: DeliverResult,
  now: number,
): Promise<Challenge | null> {
  let current: Challenge | null = challenge;
  for (let conflicts = 0; current && conflicts < MAX_CONFLICTS; conflicts += 1) {
    const flow = settleSend(current, index, result, now);
    if (!flow) return null;
    const type = result.kind === 'failed' ? 'verification.undelivered' : 'verification.sent';
    const data = {
      ...sendData(current, index),
      provider: result.provider,
      outcome: result.kind,
      ...(result.kind !== 'sent' && { reason: result.reason }),
    };
    const next = await apply(
      deps,
      current,
      flow,
      [challengeEvent(type, current, 'system', now, data), ...endEvents(current, flow, now)],
      now,
    );
    if (next) return next;
    current = await deps.store.get(challenge.id);
  }
  return null;
}

/** A step of the workflow counts against the recipient's limits; the cool-down is for those who ask for more. */
async function beginStep(deps: VerifyDeps, challenge: Challenge, flow: Flow, now: number): Promise<Challenge | null> {
  if (flow.sends.length === challenge.sends.length) {
    return apply(deps, challenge, flow, endEvents(challenge, flow, now), now);
  }
  const channel = flow.sends.at(-1)?.channel ?? 'sms';
  const limits = limitsOfSend(challenge.sendLimits, channel, false);
  const refused = challengeEvent('verification.blocked', challenge, 'system', now, { channel });
  const secrets = await renewedSecrets(deps, challenge);
  const change = { ...flow, ...(secrets && { secrets }), events: [], limits, refused };
  const result = await deps.store.advance(challenge.id, challenge.rev, change, now);
  if (result.kind === 'conflict') return null;
  if (result.kind === 'ok') return { ...challenge, ...flow, ...(secrets && { secrets }), rev: result.rev };
  const skipped = skipStep(challenge, now);
  return apply(deps, challenge, skipped, endEvents(challenge, skipped, now), now);
}

function endChallenge(deps: VerifyDeps, challenge: Challenge, flow: Flow, now: number): Promise<Challenge | null> {
  return apply(deps, challenge, flow, endEvents(challenge, flow, now), now);
}

/** Attempts that nobody finished judging: their process died. They stay counted, and on the log. */
async function reconcile(deps: VerifyDeps, challenge: Challenge, now: number): Promise<null> {
  const lost = challenge.attempts - challenge.judged;
  const events = Array.from({ length: lost }, () =>
    challengeEvent('verification.attempt_failed', challenge, 'system', now, {
      reason: 'interrupted',
      evaluated: false,
    }),
  );
  const { sends, step, status } = challenge;
  const change: FlowChange = { sends, step, status, nextSendAt: null, dueAt: null, judged: challenge.attempts, events };
  await deps.store.advance(challenge.id, challenge.rev, change, now);
  return null;
}

async function apply(
  deps: VerifyDeps,
  challenge: Challenge,
  flow: Flow,
  events: FlowChange['events'],
  now: number,
): Promise<Challenge | null> {
  const unjudged = challenge.attempts > challenge.judged;
  const dueAt = flow.status !== 'pending' && unjudged ? now + RECONCILE_MS : flow.dueAt;
  const result = await deps.store.advance(challenge.id, challenge.rev, { ...flow, dueAt, events }, now);
  return result.kind === 'ok' ? { ...challenge, ...flow, dueAt, rev: result.rev } : null;
}

function endEvents(challenge: Challenge, flow: Flow, now: number): FlowChange['events'] {
  if (flow.status === 'pending' || flow.status === challenge.status || flow.status === 'approved') return [];
  return [challengeEvent(`verification.${flow.status}`, challenge, 'system', now)];
}

/** Null when the sealed code cannot be opened any more: its master secret was taken away. */
function composeSend(deps: VerifyDeps, challenge: Challenge, index: number, now: number): CodeMessage | null {
  const opened = challenge.secrets && openCode(deps.keyring, challenge.id, challenge.secrets.sealed);
  return opened && toMessage(challenge, index, opened, now);
}

function toMessage(challenge: Challenge, index: number, sealed: SealedCode, now: number): CodeMessage {
  const { code, context } = sealed;
  const channel = challenge.sends[index]?.channel ?? 'sms';
  return {
    verificationId: challenge.id,
    startedAt: challenge.createdAt,
    sendIndex: index,
    project: challenge.project,
    mode: challenge.mode,
    channel,
    ...recipientOf(challenge, channel, sealed),
    tried: challenge.sends.slice(0, index).flatMap(({ provider }) => provider ?? []),
    code,
    locale: challenge.locale,
    purpose: challenge.purpose,
    brand: challenge.brand,
    context,
    ...(challenge.origin !== undefined && { origin: challenge.origin }),
    ...(challenge.androidAppHash !== undefined && { androidAppHash: challenge.androidAppHash }),
    ...(channel === 'voice' && { voice: challenge.voice ?? USUAL_MANNER }),
    validitySeconds: Math.ceil((challenge.expiresAt - now) / 1000),
  };
}

type Recipient = Pick<CodeMessage, 'to' | 'recipientHash' | 'masked' | 'country'>;

function recipientOf(challenge: Challenge, channel: Channel, { email: to }: SealedCode): Recipient {
  const { email, recipientHash, masked, country } = challenge;
  if (channel !== 'email') return { to: challenge.to, recipientHash, masked, country };
  if (!email || to === undefined) throw new Error('a send by e-mail without an address');
  return { to, recipientHash: email.hash, masked: email.masked, country: null };
}
