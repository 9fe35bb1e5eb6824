import { importKey, matchesKey, type ReceiverKey, type WebhookKey } from './receiver-key.ts';

export type { PublicKeyJwk, WebhookKey } from './receiver-key.ts';
export { createReplayCache } from './replay-cache.ts';

/**
 * For those who receive webhooks (https://www.standardwebhooks.com). Needs nothing but Web Crypto, so it runs wherever
 * that does.
 */

/** Why a delivery is not believed. */
export type WebhookError =
  /** `webhook-id`, `webhook-timestamp` or `webhook-signature` is missing or has another form. */
  | 'invalid_headers'
  /** Sent longer ago than the tolerance, or in the future: somebody repeats it, or a clock is wrong. */
  | 'too_old'
  | 'too_new'
  /** Signed by nobody with one of the keys, or changed on its way. */
  | 'invalid_signature'
  /** Arrived before, to the second: `seen` knows it. */
  | 'replayed'
  /** Signed, but no event in JSON. */
  | 'invalid_body';

/** An event, as the body has it. */
export interface WebhookEvent {
  /** `verification.approved` */
  type: string;
  /** RFC 3339. */
  timestamp: string;
  api_version?: string;
  data: {
    id: string;
    type: string;
    created_at: string;
    project: string;
    mode: 'live' | 'test';
    actor: string;
    verification_id?: string;
    message_id?: string;
    /** Place among the events of its verification, from 1, without gaps. */
    sequence?: number;
    recipient?: { masked: string; hash: string };
    client?: Record<string, unknown>;
    data: Record<string, unknown>;
    /** The body would have been too long: the API has the rest. */
    truncated?: true;
  };
}

export interface Delivery {
  ok: true;
  /** The event's. The same one may be delivered more than once: handle each id once. */
  id: string;
  sentAt: Date;
}

export interface Refusal {
  ok: false;
  error: WebhookError;
}

export interface VerifyOptions {
  /** How far the sender's clock and ours, and the way between, may lie apart. Default: 300. */
  toleranceSeconds?: number;
  /** ms since the epoch. */
  now?: number;
  /** Remembers what has arrived, e.g. `createReplayCache()` or an atomic `SET … NX` of a shared store. */
  seen?: Seen;
}

/**
 * True when it knows the key; otherwise it keeps it until `forgetAt` (ms) at least. The key is of one attempt: a
 * delivery that is tried again because it was not handled has another.
 */
export type Seen = (arrival: { key: string; now: number; forgetAt: number }) => boolean | Promise<boolean>;

/** Those of Fetch, or of Node. */
export type WebhookHeaders = { get(name: string): string | null } | Record<string, string | string[] | undefined>;

const TOLERANCE_SECONDS = 300;
/** More are not looked at: each costs a verification. */
const MAX_SIGNATURES = 16;
/** Without a dot, which parts it from the time. */
const ID = /^[!-\-/-~]{1,256}$/;
const SECONDS = /^[1-9]\d{0,11}$/;

/**
 * @param body as it arrived: parsed and written again it is another text.
 * @param keys `whsec_…`, `whpk_…` or a JWK; several while they are being replaced.
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  keys: WebhookKey | readonly WebhookKey[],
  options: VerifyOptions = {},
): Promise<(Delivery & { event: WebhookEvent }) | Refusal> {
  const delivery = await verifySignature(body, headers, keys, options);
  if (!delivery.ok) return delivery;
  const event = parseEvent(bytesOf(body));
  return event ? { ...delivery, event } : { ok: false, error: 'invalid_body' };
}

/** Without reading the body: for XML. */
export async function verifySignature(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  keys: WebhookKey | readonly WebhookKey[],
  { toleranceSeconds = TOLERANCE_SECONDS, now = Date.now(), seen }: VerifyOptions = {},
): Promise<Delivery | Refusal> {
  const trusted = await importAll(keys);
  const bytes = bytesOf(body);
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature');
  if (!signatures || !id || !ID.test(id) || !timestamp || !SECONDS.test(timestamp)) return refuse('invalid_headers');
  const sentAt = Number(timestamp) * 1000;
  if (sentAt < now - toleranceSeconds * 1000) return refuse('too_old');
  if (sentAt > now + toleranceSeconds * 1000) return refuse('too_new');
  const content = concat(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  if (!(await isSigned(content, signatures.split(' ', MAX_SIGNATURES), trusted))) return refuse('invalid_signature');
  const arrival = { key: `${id}.${timestamp}`, now, forgetAt: sentAt + toleranceSeconds * 1000 + 1 };
  if (seen && (await seen(arrival))) return refuse('replayed');
  return { ok: true, id, sentAt: new Date(sentAt) };
}

async function isSigned(content: Bytes, signatures: string[], keys: ReceiverKey[]): Promise<boolean> {
  for (const key of keys) if (await matchesKey(key, content, signatures)) return true;
  return false;
}

function importAll(keys: WebhookKey | readonly WebhookKey[]): Promise<ReceiverKey[]> {
  const all = (Array.isArray(keys) ? keys : [keys]) as readonly WebhookKey[];
  if (all.length === 0) throw new TypeError('a webhook is verified with at least one key');
  return Promise.all(all.map(importKey));
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  if (typeof headers.get === 'function') return headers.get(name) ?? undefined;
  const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
  return typeof entry?.[1] === 'string' ? entry[1] : undefined;
}

type Bytes = Uint8Array<ArrayBuffer>;

function bytesOf(body: string | Uint8Array): Uint8Array {
  if (typeof body === 'string') return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  throw new TypeError('a webhook is verified with the body as it arrived: a string or bytes, not parsed');
}

function concat(head: Uint8Array, tail: Uint8Array): Bytes {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

function parseEvent(bytes: Uint8Array): WebhookEvent | null {
  try {
    const event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof event?.type === 'string' && typeof event.data === 'object' ? event : null;
  } catch {
    return null;
  }
}

function refuse(error: WebhookError): Refusal {
  return { ok: false, error };
}
