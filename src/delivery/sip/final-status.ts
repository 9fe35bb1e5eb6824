import { type Reason, reasons } from '../reasons.ts';
import { sipReasons } from '../voice/sip-reasons.ts';
import { headerOf, headersOf, readParameters, type SipResponse } from './message.ts';

/** What a final response to an INVITE means. */
export interface Refusal {
  /** Rejected: for good, by the phone or because of its number. Failed: another trunk or time may do better. */
  kind: 'rejected' | 'failed';
  reason: Reason;
  carrierCode: string;
  retryAfterMs?: number;
}

/** Beside what comes from the phone: RFC 3261 §21, and the RFCs that are named. */
const STATUSES: Readonly<Record<string, Reason>> = {
  ...sipReasons,
  401: 'authentication_failed',
  402: 'insufficient_credit',
  403: 'authentication_failed',
  406: 'unsupported',
  407: 'authentication_failed',
  415: 'unsupported',
  416: 'misconfigured',
  420: 'unsupported',
  421: 'unsupported',
  // RFC 4028: a session shorter than the server wants.
  422: 'unsupported',
  // RFC 8224 and RFC 5079: what it thinks of our caller id.
  428: 'sender_refused',
  // RFC 6585, which SIP servers borrow.
  429: 'rate_limited',
  433: 'sender_refused',
  436: 'sender_refused',
  437: 'sender_refused',
  438: 'sender_refused',
  485: 'invalid_recipient',
  488: 'unsupported',
  606: 'unsupported',
};

/** ITU-T Q.850: what the telephone network said, where a gateway tells it (RFC 3326). */
const CAUSES: Readonly<Record<number, Reason>> = {
  1: 'invalid_recipient',
  3: 'destination_refused',
  17: 'busy',
  18: 'no_answer',
  19: 'no_answer',
  20: 'unreachable_recipient',
  21: 'declined',
  22: 'invalid_recipient',
  27: 'unreachable_recipient',
  28: 'invalid_recipient',
  34: 'unavailable',
  38: 'unavailable',
  41: 'unavailable',
  42: 'unavailable',
  47: 'unavailable',
};

/** Gateways answer these for many causes. */
const VAGUE: ReadonlySet<number> = new Set([480, 500, 502, 503, 504]);
const MAX_RETRY_AFTER_MS = 3_600_000;

export function readRefusal(response: SipResponse): Refusal {
  const { status } = response;
  const cause = VAGUE.has(status) ? causeOf(response) : null;
  const known = (cause !== null && CAUSES[cause]) || STATUSES[status];
  const { kind, reason } = known ? { kind: kindOf(known), reason: known } : byClass(status);
  const carrierCode = cause === null ? `sip:${status}` : `sip:${status}:q850-${cause}`;
  const retryAfterMs = kind === 'failed' ? readRetryAfter(response) : undefined;
  return { kind, reason, carrierCode, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

function kindOf(reason: Reason): Refusal['kind'] {
  return reasons[reason].mendable ? 'failed' : 'rejected';
}

function byClass(status: number): Pick<Refusal, 'kind' | 'reason'> {
  // We follow nobody elsewhere: where calls go is the operator's decision.
  if (status < 400) return { kind: 'failed', reason: 'destination_refused' };
  if (status < 500) return { kind: 'rejected', reason: 'unknown' };
  return status < 600 ? { kind: 'failed', reason: 'unavailable' } : { kind: 'rejected', reason: 'declined' };
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
