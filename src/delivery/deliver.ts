import { setTimeout as sleep } from 'node:timers/promises';
import type { Now } from '../lib/clock.ts';
import { cleanText } from '../lib/text/clean.ts';
import { type CodeText, composeCode } from './compose.ts';
import type { OutboundMessage, Provider, ProviderReceipt, SendVerdict } from './provider.ts';

/** The same as verify's, declared here: neither folder imports the other. */
export interface CodeMessage extends CodeText {
  verificationId: string;
  sendIndex: number;
  project: string;
  mode: 'live' | 'test';
  /** E.164. */
  to: string;
  purpose: string;
}

export type DeliverResult =
  | { kind: 'sent'; provider: string }
  | { kind: 'failed' | 'unknown'; provider: string; reason: string };

export interface Receipt {
  verificationId: string;
  sendIndex: number;
  status: 'delivered' | 'failed';
  provider: string;
  reason?: string;
}

export type ReceiptHandler = (receipt: Receipt) => Promise<void> | void;

export interface Delivery {
  /** Sends one code message. Never throws for a carrier's sake; the total time is bounded. */
  deliver(message: CodeMessage, signal: AbortSignal): Promise<DeliverResult>;
  /** What a carrier reported. References that are not ours are ignored. Throws when it could not be worked in: report it again. */
  receive(provider: string, receipt: ProviderReceipt): Promise<void>;
  onReceipt(handler: ReceiptHandler): void;
}

export interface DeliveryDeps {
  /** Which carrier takes a message; null when none may. */
  chooseProvider(message: { mode: 'live' | 'test' }): Provider | null;
  now: Now;
  log: DeliveryLog;
  metrics?: { handedOver(channel: string, provider: string, outcome: string, durationMs: number): void };
  timeoutMs?: number;
  /** Passed by tests. */
  wait?(ms: number, signal: AbortSignal): Promise<unknown>;
}

/** What is used of pino. */
export interface DeliveryLog {
  debug(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const TIMEOUT_MS = 8_000;
/** A carrier that asks for a longer pause is left alone; the workflow goes on instead. */
const MAX_RETRY_AFTER_MS = 2_000;
/** 3GPP TS 23.040 §9.1.2.5: an alphanumeric sender has at most eleven characters. */
const SENDER_LENGTH = 11;
const DEFAULT_SENDER = 'Countersign';

export function createDelivery(deps: DeliveryDeps): Delivery {
  const { now, log, timeoutMs = TIMEOUT_MS } = deps;
  const wait = deps.wait ?? ((ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined));
  const receiptHandlers: ReceiptHandler[] = [];

  async function deliver(message: CodeMessage, signal: AbortSignal): Promise<DeliverResult> {
    const provider = deps.chooseProvider(message);
    if (!provider) return { kind: 'failed', provider: 'none', reason: 'no_provider' };
    const startedAt = now();
    const verdict = await withDeadline(timeoutMs, signal, (deadline) => send(provider, toOutbound(message), deadline));
    const result = toResult(provider.name, verdict);
    const durationMs = now() - startedAt;
    deps.metrics?.handedOver(message.channel, provider.name, result.kind, durationMs);
    logSend(message, result, durationMs);
    return result;
  }

  /** Neither text nor code nor number; the reason is the provider's own word for it. */
  function logSend(
    { verificationId, sendIndex, channel }: CodeMessage,
    result: DeliverResult,
    durationMs: number,
  ): void {
    const { kind: outcome, ...rest } = result;
    const facts = {
      verification_id: verificationId,
      send: sendIndex,
      channel,
      outcome,
      ...rest,
      duration_ms: durationMs,
    };
    if (outcome === 'sent') log.debug(facts, 'message sent');
    else log.warn(facts, outcome === 'failed' ? 'message not sent' : 'message may have been sent');
  }

  /** At most two tries, the second only after a clear "not now" that the code outlives. */
  async function send(provider: Provider, message: OutboundMessage, deadline: AbortSignal): Promise<SendVerdict> {
    const first = await trySend(provider, message, deadline);
    if (first.kind !== 'failed' || first.retryAfterMs === undefined) return first;
    const validitySeconds = message.validitySeconds - Math.ceil(first.retryAfterMs / 1000);
    if (first.retryAfterMs > MAX_RETRY_AFTER_MS || validitySeconds <= 0) return first;
    await wait(first.retryAfterMs, deadline);
    return deadline.aborted ? first : trySend(provider, { ...message, validitySeconds }, deadline);
  }

  async function trySend(provider: Provider, message: OutboundMessage, deadline: AbortSignal): Promise<SendVerdict> {
    if (deadline.aborted) return { kind: 'failed', reason: 'timeout' };
    const timeout = new Promise<SendVerdict>((resolve) => {
      // The request may have left already.
      deadline.addEventListener('abort', () => resolve({ kind: 'outcome_unknown', reason: 'timeout' }), { once: true });
    });
    try {
      return await Promise.race([provider.send(message, deadline), timeout]);
    } catch (error) {
      log.error(
        { provider: provider.name, reference: message.reference, error_name: nameOf(error) },
        'a provider threw',
      );
      return { kind: 'outcome_unknown', reason: 'internal_error' };
    }
  }

  async function receive(provider: string, { reference, status, reason }: ProviderReceipt): Promise<void> {
    const sent = reference === undefined ? null : parseReference(reference);
    if (!sent || (status !== 'delivered' && status !== 'undelivered')) return;
    const outcome = status === 'delivered' ? 'delivered' : 'failed';
    const receipt: Receipt = { ...sent, status: outcome, provider, ...(reason !== undefined && { reason }) };
    for (const handle of receiptHandlers) await handle(receipt);
  }

  return {
    deliver,
    receive,
    onReceipt(handler) {
      receiptHandlers.push(handler);
    },
  };
}

function toOutbound(message: CodeMessage): OutboundMessage {
  const { verificationId, sendIndex, project, mode, channel, to, brand, validitySeconds } = message;
  const reference = `${verificationId}/${sendIndex}`;
  return {
    reference,
    project,
    mode,
    channel,
    purpose: 'code',
    to,
    from: senderOf(brand),
    validitySeconds,
    ...composeCode(message),
  };
}

function toResult(provider: string, verdict: SendVerdict): DeliverResult {
  switch (verdict.kind) {
    case 'accepted':
      return { kind: 'sent', provider };
    case 'rejected':
    case 'failed':
      return { kind: 'failed', provider, reason: verdict.reason };
    case 'outcome_unknown':
      return { kind: 'unknown', provider, reason: verdict.reason };
  }
}

const REFERENCE = /^(?<id>ver_[0-9a-z]{1,40})\/(?<index>\d{1,3})$/;

function parseReference(reference: string): { verificationId: string; sendIndex: number } | null {
  const groups = REFERENCE.exec(reference)?.groups;
  return groups?.id ? { verificationId: groups.id, sendIndex: Number(groups.index) } : null;
}

/** The brand as an alphanumeric sender: letters and digits, a letter among them. */
function senderOf(brand: string): string {
  const sender = cleanText(brand)
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9 ]/g, '')
    .slice(0, SENDER_LENGTH)
    .trim();
  return /[A-Za-z]/.test(sender) ? sender : DEFAULT_SENDER;
}

/** Error messages may quote what was sent; the name of the error does not. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

async function withDeadline<T>(ms: number, parent: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, ms);
  parent.addEventListener('abort', abort, { once: true });
  if (parent.aborted) abort();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    parent.removeEventListener('abort', abort);
  }
}
