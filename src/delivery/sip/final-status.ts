import type { Reason } from '../reasons.ts';
import { headerOf, headersOf, readParameters, type SipResponse } from './message.ts';

/** What a final response to an INVITE means. */
export interface Refusal {
  /** Rejected: for good, by the phone or because of its number. Failed: another trunk or time may do better. */
  kind: 'rejected' | 'failed';
  reason: Reason;
  carrierCode: string;
  retryAfterMs?: number;
}

type Meaning = readonly [Refusal['kind'], Reason];

/** RFC 3261 §21, and the RFCs that are named. */
const STATUSES: Readonly<Record<number, Meaning>> = {
  401: ['failed', 'authentication_failed'],
  402: ['failed', 'insufficient_credit'],
  403: ['failed', 'authentication_failed'],
  404: ['rejected', 'invalid_recipient'],
  406: ['failed', 'unsupported'],
  407: ['failed', 'authentication_failed'],
  408: ['rejected', 'no_answer'],
  410: ['rejected', 'invalid_recipient'],
  415: ['failed', 'unsupported'],
  416: ['failed', 'misconfigured'],
  420: ['failed', 'unsupported'],
  421: ['failed', 'unsupported'],
  // RFC 4028: a session shorter than the server wants.
  422: ['failed', 'unsupported'],
  // RFC 8224 and RFC 5079: what it thinks of our caller id.
  428: ['failed', 'sender_refused'],
  // RFC 6585, which SIP servers borrow.
  429: ['failed', 'rate_limited'],
  433: ['failed', 'sender_refused'],
  436: ['failed', 'sender_refused'],
  437: ['failed', 'sender_refused'],
  438: ['failed', 'sender_refused'],
  480: ['rejected', 'no_answer'],
  484: ['rejected', 'invalid_recipient'],
  485: ['rejected', 'invalid_recipient'],
  486: ['rejected', 'busy'],
  487: ['rejected', 'no_answer'],
  488: ['failed', 'unsupported'],
  600: ['rejected', 'busy'],
  603: ['rejected', 'declined'],
  604: ['rejected', 'invalid_recipient'],
  606: ['failed', 'unsupported'],
  // RFC 8197, RFC 8688.
  607: ['rejected', 'blocked_recipient'],
  608: ['failed', 'filtered'],
};

/** ITU-T Q.850: what the telephone network said, where a gateway tells it (RFC 3326). */
const CAUSES: Readonly<Record<number, Meaning>> = {
  1: ['rejected', 'invalid_recipient'],
  3: ['failed', 'destination_refused'],
  17: ['rejected', 'busy'],
  18: ['rejected', 'no_answer'],
  19: ['rejected', 'no_answer'],
  20: ['rejected', 'unreachable_recipient'],
  21: ['rejected', 'declined'],
  22: ['rejected', 'invalid_recipient'],
  27: ['rejected', 'unreachable_recipient'],
  28: ['rejected', 'invalid_recipient'],
  34: ['failed', 'unavailable'],
  38: ['failed', 'unavailable'],
  41: ['failed', 'unavailable'],
  42: ['failed', 'unavailable'],
  47: ['failed', 'unavailable'],
};

/** Gateways answer these for many causes. */
const VAGUE: ReadonlySet<number> = new Set([480, 500, 502, 503, 504]);
const MAX_RETRY_AFTER_MS = 3_600_000;

export function readRefusal(response: SipResponse): Refusal {
  const { status } = response;
  const cause = VAGUE.has(status) ? causeOf(response) : null;
  const [kind, reason] = (cause !== null && CAUSES[cause]) || STATUSES[status] || byClass(status);
  const carrierCode = cause === null ? `sip:${status}` : `sip:${status}:q850-${cause}`;
  const retryAfterMs = kind === 'failed' ? readRetryAfter(response) : undefined;
  return { kind, reason, carrierCode, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

function byClass(status: number): Meaning {
  // We follow nobody elsewhere: where calls go is the operator's decision.
  if (status < 400) return ['failed', 'destination_refused'];
  if (status < 500) return ['rejected', 'unknown'];
  return status < 600 ? ['failed', 'unavailable'] : ['rejected', 'declined'];
}

function causeOf(response: SipResponse): number | null {
  const reason = headersOf(response, 'reason').find((value) => /^q\.850\b/i.test(value));
  const digits = reason === undefined ? undefined : readParameters(reason).get('cause');
  return digits !== undefined && /^\d{1,3}$/.test(digits) ? Number(digits) : null;
}

/** Seconds, and perhaps a comment (§20.33). */
function readRetryAfter(response: SipResponse): number | undefined {
  const [, seconds] = /^(\d{1,6})\b/.exec(headerOf(response, 'retry-after') ?? '') ?? [];
  return seconds === undefined ? undefined : Math.min(Number(seconds) * 1_000, MAX_RETRY_AFTER_MS);
}
