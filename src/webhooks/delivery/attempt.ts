import type { AuditEvent } from '../../audit/event.ts';
import type { Now } from '../../lib/clock.ts';
import type { HttpClient, HttpOutcome } from '../../lib/http-client.ts';
import { readRetryAfter } from '../../lib/retry-after.ts';
import { type ApiVersion, renderEvent, type WebhookFormat } from '../render.ts';
import { type SigningKey, signDelivery } from '../sign.ts';

/** Where an endpoint's deliveries go, and how. */
export interface Target {
  id: string;
  project: string;
  mode: AuditEvent['mode'];
  url: string;
  /** Types, `verification.*` and `*` among them. */
  events: readonly string[];
  /** The endpoint's own. */
  headers: Readonly<Record<string, string>>;
  format: WebhookFormat;
  apiVersion: ApiVersion;
  ordered: boolean;
  /** All that are valid then, the newest first. */
  keys(now: number): readonly SigningKey[];
  /** Another one: it was changed. */
  revision: number;
}

export interface Attempt {
  /** ms. */
  at: number;
  durationMs: number;
  verdict: 'delivered' | 'failed' | 'spare' | 'gone';
  status: number | null;
  error: string | null;
  excerpt: string | null;
  /** 0: it did not say. */
  retryAfterMs: number;
}

export interface AttemptDeps {
  http: HttpClient;
  now: Now;
  onError(error: unknown): void;
  /** Of the whole exchange. */
  timeoutMs?: number;
}

/** Standard Webhooks: 15 to 30 s. */
const TIMEOUT_MS = 15_000;
const EXCERPT_CHARACTERS = 1_000;

/** "Throttle": the receiver, or what is before it, has too much to do. */
const SPARE = new Set([429, 502, 503, 504]);

/** Null: given up, nobody knows what the receiver has seen. Never rejects. */
export async function attemptDelivery(
  deps: AttemptDeps,
  target: Target,
  event: AuditEvent,
  signal: AbortSignal,
): Promise<Attempt | null> {
  const { http, now, timeoutMs = TIMEOUT_MS, onError } = deps;
  const at = now();
  const begun = performance.now();
  const outcome = await exchange().catch((error): HttpOutcome => {
    onError(error);
    return { kind: 'not_sent', error: 'internal_error' };
  });
  if (signal.aborted && outcome.kind !== 'answer') return null;
  return { at, durationMs: Math.round(performance.now() - begun), ...judge(outcome, now()) };

  async function exchange(): Promise<HttpOutcome> {
    const seconds = Math.floor(at / 1_000);
    const { contentType, body } = renderEvent(event, target.format, target.apiVersion);
    const headers = {
      ...target.headers,
      'content-type': contentType,
      'webhook-id': event.id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signDelivery(target.keys(at), event.id, seconds, body),
    };
    return http.send({ method: 'POST', url: target.url, headers, body, timeoutMs, signal, repeatable: true });
  }
}

function judge(outcome: HttpOutcome, now: number): Omit<Attempt, 'at' | 'durationMs'> {
  if (outcome.kind !== 'answer') {
    return { verdict: 'failed', status: null, error: outcome.error, excerpt: null, retryAfterMs: 0 };
  }
  const { status, headers, body } = outcome;
  return {
    verdict: verdictOf(status),
    status,
    error: null,
    excerpt: body === '' ? null : excerptOf(body),
    retryAfterMs: readRetryAfter(headers['retry-after'], now) ?? 0,
  };
}

/** Only 2xx is success; a redirect is not followed, so it is none. */
function verdictOf(status: number): Attempt['verdict'] {
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 410) return 'gone';
  return SPARE.has(status) ? 'spare' : 'failed';
}

/** Postgres' JSON takes neither NUL nor half a character. */
function excerptOf(body: string): string {
  return body.slice(0, EXCERPT_CHARACTERS).toWellFormed().replaceAll('\0', '\ufffd');
}
