import { CHANNELS } from '../../lib/channels.ts';
import type { Now } from '../../lib/clock.ts';
import { newId } from '../../lib/ids.ts';
import type { OutboundMessage, Provider, ProviderReceipt, SendVerdict } from '../provider.ts';
import { smsText } from './support/sms-text.ts';

/** Whose messages: a key sees those of its own project and mode. */
export interface SandboxScope {
  project: string;
  mode: 'live' | 'test';
}

export interface SandboxMessage extends SandboxScope {
  id: string;
  /** `mt`: to the phone, `mo`: from it. */
  direction: 'mt' | 'mo';
  channel: OutboundMessage['channel'];
  from: string;
  to: string;
  /** What the phone shows, or the script of a call. */
  text: string;
  /** BCP 47; null for messages from the phone. */
  locale: string | null;
  receivedAt: number;
}

export interface SandboxReply extends SandboxScope {
  from: string;
  to: string;
  text: string;
}

type ReceiptHandler = (receipt: ProviderReceipt) => Promise<void> | void;

/** A carrier in memory, with the phones of all its recipients. */
export interface Sandbox extends Provider {
  /** Called asynchronously, after `send` resolved. */
  onReceipt(handler: ReceiptHandler): void;
  /** Takes a message from a phone (MO). */
  reply(reply: SandboxReply): SandboxMessage;
  /** Newest first. */
  list(scope: SandboxScope, filter: { to?: string; limit: number }): SandboxMessage[];
  /** Every message of the scope from now on, until the returned function is called. */
  subscribe(scope: SandboxScope, listener: (message: SandboxMessage) => void): () => void;
  /** Throws messages away, of this process. Returns how many. */
  forget(which: (message: SandboxMessage) => boolean): number;
}

/** Over all projects; the oldest go first. */
const MAX_MESSAGES = 1_000;
const RETRY_AFTER_MS = 200;
const MAX_REPORTS = 20;
const REPORT_AGAIN_MS = 200;

/** How a carrier behaves towards numbers ending with these digits, and towards addresses whose name does. */
const MAGIC: Record<string, 'undelivered' | 'silent' | 'rejects' | 'hangs' | 'busy'> = {
  '0001': 'undelivered',
  '0002': 'silent',
  '0003': 'rejects',
  '0004': 'hangs',
  '0005': 'busy',
};

export function createSandbox(now: Now): Sandbox {
  const messages: SandboxMessage[] = [];
  const subscriptions = new Set<SandboxScope & { listener: (message: SandboxMessage) => void }>();
  const receiptHandlers: ReceiptHandler[] = [];
  /** Messages answered 429 once. */
  const refused = new Set<string>();

  function keep(message: SandboxMessage): void {
    messages.push(message);
    if (messages.length > MAX_MESSAGES) messages.shift();
    for (const subscription of subscriptions) if (belongs(message, subscription)) subscription.listener(message);
  }

  /** Again and again until it is taken, as carriers do. */
  function report(receipt: ProviderReceipt): void {
    for (const handle of receiptHandlers) setImmediate(reportTo, handle, receipt, 1);
  }

  async function reportTo(handle: ReceiptHandler, receipt: ProviderReceipt, times: number): Promise<void> {
    try {
      await handle(receipt);
    } catch {
      if (times < MAX_REPORTS) setTimeout(reportTo, REPORT_AGAIN_MS * times, handle, receipt, times + 1).unref();
    }
  }

  async function send(message: OutboundMessage): Promise<SendVerdict> {
    const { reference, project, mode, channel, from, to, locale } = message;
    const id = newId('msg');
    const behaviour = MAGIC[to.replace(/@.*/, '').slice(-4)];
    if (behaviour === 'rejects') return { kind: 'rejected', reason: 'invalid_recipient' };
    if (behaviour === 'hangs') return { kind: 'outcome_unknown', reason: 'timeout' };
    if (behaviour === 'busy' && isFirstTry(reference)) {
      return { kind: 'failed', reason: 'rate_limited', retryAfterMs: RETRY_AFTER_MS };
    }
    if (behaviour === 'undelivered') {
      report({ reference, status: 'undelivered', reason: 'unreachable_recipient' });
      return { kind: 'accepted', providerId: id };
    }
    const { text } = channel === 'sms' ? smsText(message) : message;
    keep({ id, direction: 'mt', project, mode, channel, from, to, text, locale, receivedAt: now() });
    if (behaviour !== 'silent') report({ reference, status: 'delivered' });
    return { kind: 'accepted', providerId: id };
  }

  function isFirstTry(reference: string): boolean {
    const message = reference.replace(/-\d+$/, '');
    if (refused.delete(message)) return false;
    if (refused.size >= MAX_MESSAGES) refused.clear();
    refused.add(message);
    return true;
  }

  return {
    name: 'sandbox',
    channels: CHANNELS,
    send,
    onReceipt(handler) {
      receiptHandlers.push(handler);
    },
    reply(reply) {
      const message: SandboxMessage = {
        ...reply,
        id: newId('msg'),
        direction: 'mo',
        channel: 'sms',
        locale: null,
        receivedAt: now(),
      };
      keep(message);
      return message;
    },
    list(scope, { to, limit }) {
      const found: SandboxMessage[] = [];
      for (let at = messages.length - 1; at >= 0 && found.length < limit; at--) {
        const message = messages[at];
        if (message && belongs(message, scope) && (to === undefined || message.to === to)) found.push(message);
      }
      return found;
    },
    subscribe(scope, listener) {
      const subscription = { ...scope, listener };
      subscriptions.add(subscription);
      return () => subscriptions.delete(subscription);
    },
    forget(which) {
      const kept = messages.filter((message) => !which(message));
      const forgotten = messages.splice(0, messages.length, ...kept);
      return forgotten.length - kept.length;
    },
  };
}

function belongs(message: SandboxMessage, scope: SandboxScope): boolean {
  return message.project === scope.project && message.mode === scope.mode;
}
