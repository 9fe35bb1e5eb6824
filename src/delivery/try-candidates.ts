import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from '../lib/channels.ts';
import type { Now } from '../lib/clock.ts';
import { callProvider, type DeliveryLog } from './call-provider.ts';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import { referenceOf } from './messages/message.ts';
import type { OutboundMessage, Provider, Purpose, SendVerdict } from './provider.ts';
import type { ProviderSlots } from './provider-slots.ts';
import { reasons } from './reasons.ts';
import type { Candidate, Routing } from './routing/router.ts';

/** A message on its way through the providers that may carry it. */
export interface Sending {
  messageId: string;
  project: string;
  channel: Channel;
  purpose: Purpose;
  country: string | null;
  candidates: readonly Candidate[];
  /** Tries made before. */
  attempts: number;
  /** The carrier must not deliver later, ms. */
  expiresAt: number;
  /** A message written for this sender. */
  compose(sender: string): Omit<OutboundMessage, 'reference' | 'from' | 'validitySeconds'>;
  /** Of what is no code: a place among the calls of this provider, left after the try. Null: there is none now. */
  takeLine?(provider: string): (() => void) | null;
  /** Its row is written when this resolves. False: it must not be sent any more. */
  begun(attempt: Attempt): Promise<boolean>;
  /** Not sent by this one, and another try follows at once. */
  failed(attempt: Attempt, verdict: SendVerdict): Promise<void>;
}

export interface Attempt {
  /** From 1. */
  number: number;
  provider: string;
  sender: string;
}

export type TryResult =
  /** The last try, which is not written yet. */
  | { kind: 'tried'; attempt: Attempt; verdict: SendVerdict }
  /** Nothing was tried: every provider is at its rate, or has no line that is not left to codes. */
  | { kind: 'paced'; why: 'rate' | 'lines'; waitMs: number; pacedBy: Candidate }
  /** Nothing was tried: nobody may carry it. */
  | { kind: 'no_provider' }
  | { kind: 'called_off' };

export interface TryDeps {
  find(provider: string): Provider | null;
  routing: Pick<Routing, 'take' | 'tried'>;
  slots: ProviderSlots;
  now: Now;
  log: DeliveryLog;
  metrics: Pick<DeliveryMetrics, 'tried'>;
  /** The carrier keeps this sender from the recipient. */
  optedOut?(message: OutboundMessage, messageId: string): void;
  timing?: Partial<Timing>;
  /** Passed by tests. */
  wait?(ms: number, signal: AbortSignal): Promise<unknown>;
}

interface Timing {
  /** Of all tries together; well before the lease on the message ends. */
  totalMs: number;
  /** With less than this left no further try begins: its outcome would only become unknown. */
  reserveMs: number;
  /** A code waits no longer for one provider's rate, or for a free connection, before it asks the next one. */
  codePatienceMs: number;
  /** Other messages wait no longer for a free connection. */
  patienceMs: number;
}

const TIMING: Timing = { totalMs: 8_500, reserveMs: 1_500, codePatienceMs: 500, patienceMs: 3_000 };
/** Calls end in their own time. */
const LINES_MS = 1_000;
/** A carrier that asks for a longer pause is left alone. */
const MAX_RETRY_AFTER_MS = 2_000;

/**
 * Tries one provider after the other until one takes the message, or may have taken it, or nobody could. What is
 * certainly not sent goes to the next one at once; what another carrier could not mend, and what may have been sent,
 * goes nowhere. Never throws for a carrier's sake; the total time is bounded.
 */
export async function tryCandidates(deps: TryDeps, sending: Sending, caller: AbortSignal): Promise<TryResult> {
  using time = openTryDeadline(deps, caller);
  return await tryUntil(deps, sending, time);
}

/** For messages that begin together. */
export function openTryDeadline({ timing }: Pick<TryDeps, 'timing'>, caller: AbortSignal): Deadline {
  const { totalMs, reserveMs } = { ...TIMING, ...timing };
  return openDeadline(totalMs, reserveMs, caller);
}

/** As tryCandidates, under a deadline that others share. */
export async function tryUntil(deps: TryDeps, sending: Sending, time: Deadline): Promise<TryResult> {
  const { codePatienceMs, patienceMs } = { ...TIMING, ...deps.timing };
  const wait = deps.wait ?? ((ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined));
  let attempts = sending.attempts;
  let last: Extract<TryResult, { kind: 'tried' }> | null = null;
  let paced: Extract<TryResult, { kind: 'paced' }> | null = null;
  /** A code goes where there is room; other messages wait for the route's choice, which may be the cheaper one. */
  const ifPaced = isCode(sending) ? 'next' : 'over';
  /** Said "not now, but soon". */
  let again: { candidate: Candidate; waitMs: number } | null = null;

  async function tryOne(candidate: Candidate): Promise<'over' | 'next' | 'called_off'> {
    const provider = deps.find(candidate.provider);
    if (!provider) return 'next';
    using held = new DisposableStack();
    const leaveLine = sending.takeLine?.(provider.name);
    if (leaveLine === null) {
      paced = { kind: 'paced', why: 'lines', waitMs: LINES_MS, pacedBy: candidate };
      return ifPaced;
    }
    if (leaveLine) held.defer(leaveLine);
    const waitMs = await takeTurn(candidate);
    if (waitMs > 0) {
      paced = { kind: 'paced', why: 'rate', waitMs, pacedBy: candidate };
      return ifPaced;
    }
    const waitsMs = isCode(sending) ? codePatienceMs : patienceMs;
    const leave = await deps.slots.enter(provider, sending, waitsMs);
    if (!leave) {
      paced = { kind: 'paced', why: 'rate', waitMs: waitsMs, pacedBy: candidate };
      return ifPaced;
    }
    held.defer(leave);
    if (last) await sending.failed(last.attempt, last.verdict);
    const attempt = { number: attempts + 1, provider: provider.name, sender: candidate.sender };
    if (!(await sending.begun(attempt))) return 'called_off';
    attempts += 1;
    const verdict = await call(provider, attempt);
    last = { kind: 'tried', attempt, verdict };
    if (verdict.kind === 'failed' && verdict.retryAfterMs !== undefined) {
      again ??= { candidate, waitMs: verdict.retryAfterMs };
    }
    return mayBeMended(verdict) ? 'next' : 'over';
  }

  /** 0: it may go now. A code waits a moment for its turn, other messages come back later. */
  async function takeTurn({ buckets }: Candidate): Promise<number> {
    const waitMs = await deps.routing.take(buckets, sending.purpose, deps.now());
    if (waitMs === 0 || !isCode(sending) || waitMs > codePatienceMs) return waitMs;
    await wait(waitMs, time.late);
    return deps.routing.take(buckets, sending.purpose, deps.now());
  }

  /** When nobody had room, how long until there may be some: a code is not given up for that while there is time. */
  function roomFor(): number | null {
    return isCode(sending) && last === null && !time.late.aborted ? (paced?.waitMs ?? null) : null;
  }

  async function call(provider: Provider, { number, sender }: Attempt): Promise<SendVerdict> {
    const startedAt = deps.now();
    const message: OutboundMessage = {
      ...sending.compose(sender),
      reference: referenceOf(sending.messageId, number),
      from: sender,
      validitySeconds: Math.max(1, Math.ceil((sending.expiresAt - startedAt) / 1000)),
    };
    const verdict = await callProvider(provider, message, time.end, deps.log);
    const endedAt = deps.now();
    const { channel, country, purpose } = sending;
    const reason = verdict.kind === 'accepted' ? null : verdict.reason;
    const durationMs = endedAt - startedAt;
    const outcome = { provider: provider.name, channel, country, purpose, kind: verdict.kind, reason, durationMs };
    deps.routing.tried(outcome, endedAt);
    deps.metrics.tried(outcome);
    logTry(deps.log, sending, outcome, message.reference);
    if (verdict.kind === 'rejected' && reason === 'opted_out') deps.optedOut?.(message, sending.messageId);
    return verdict;
  }

  for (;;) {
    for (const candidate of sending.candidates) {
      if (time.late.aborted) break;
      const outcome = await tryOne(candidate);
      if (outcome === 'called_off') return { kind: 'called_off' };
      if (outcome === 'over') break;
    }
    const roomInMs = roomFor();
    if (roomInMs === null) break;
    // For a free connection it has waited already.
    if (roomInMs > codePatienceMs) await wait(codePatienceMs, time.late);
  }
  const second = secondTry(last, again, sending, deps.now());
  if (second) {
    await wait(second.waitMs, time.late);
    if (!time.late.aborted && (await tryOne(second.candidate)) === 'called_off') return { kind: 'called_off' };
  }
  return last ?? paced ?? { kind: 'no_provider' };
}

const isCode = ({ purpose }: Sending) => purpose === 'code';

function mayBeMended(verdict: SendVerdict): boolean {
  return verdict.kind === 'failed' || (verdict.kind === 'rejected' && reasons[verdict.reason].mendable);
}

/** One more, when nobody has taken it and somebody asked for a short pause that the message outlives. */
function secondTry(
  last: { verdict: SendVerdict } | null,
  again: { candidate: Candidate; waitMs: number } | null,
  { expiresAt }: Sending,
  now: number,
): typeof again {
  if (!last || !again || !mayBeMended(last.verdict)) return null;
  return again.waitMs <= MAX_RETRY_AFTER_MS && now + again.waitMs < expiresAt ? again : null;
}

/** Neither text nor code nor number; the reason is of our vocabulary, the rest are names. */
function logTry(
  log: DeliveryLog,
  { channel, purpose }: Sending,
  { provider, kind, reason, durationMs }: { provider: string; kind: string; reason: string | null; durationMs: number },
  reference: string,
): void {
  const facts = { reference, provider, channel, purpose, outcome: kind, reason, duration_ms: durationMs };
  if (kind === 'accepted') log.debug(facts, 'message sent');
  else log.warn(facts, kind === 'outcome_unknown' ? 'message may have been sent' : 'message not sent');
}

export interface Deadline extends Disposable {
  /** No further try begins. */
  late: AbortSignal;
  /** Whatever runs is over. */
  end: AbortSignal;
}

function openDeadline(totalMs: number, reserveMs: number, caller: AbortSignal): Deadline {
  const late = new AbortController();
  const end = new AbortController();
  const abort = () => {
    late.abort();
    end.abort();
  };
  const timers = [setTimeout(() => late.abort(), totalMs - reserveMs), setTimeout(abort, totalMs)];
  caller.addEventListener('abort', abort, { once: true });
  if (caller.aborted) abort();
  return {
    late: late.signal,
    end: end.signal,
    [Symbol.dispose]() {
      for (const timer of timers) clearTimeout(timer);
      caller.removeEventListener('abort', abort);
    },
  };
}
