import type { HttpOutcome } from '../../../lib/http-client.ts';
import { readRetryAfter } from '../../../lib/retry-after.ts';
import type { Failed, OutcomeUnknown, Rejected, SendVerdict } from '../../provider.ts';
import type { Reason } from '../../reasons.ts';
import { readCarrierCode } from './carrier-code.ts';
import { lookUp } from './look-up.ts';

export type HttpAnswer = Extract<HttpOutcome, { kind: 'answer' }>;
export type NoHttpAnswer = Exclude<HttpOutcome, HttpAnswer>;

export function rejected(reason: Reason, carrierCode?: unknown): Rejected {
  return { kind: 'rejected', reason, ...codeMember(carrierCode) };
}

export function failed(reason: Reason, carrierCode?: unknown, retryAfterMs?: number): Failed {
  return { kind: 'failed', reason, ...codeMember(carrierCode), ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

export function outcomeUnknown(reason: Reason, carrierCode?: unknown): OutcomeUnknown {
  return { kind: 'outcome_unknown', reason, ...codeMember(carrierCode) };
}

/** How a carrier's error code is meant: `rejected` for good, `failed` for this carrier or this moment. */
export type CodeVerdict = readonly ['rejected' | 'failed', Reason];

/** The verdict a code table gives, or null for a code that is not in it. */
export function verdictByCode(
  table: Readonly<Record<string, CodeVerdict>>,
  code: string | undefined,
  retryAfterMs?: number,
): Rejected | Failed | null {
  const entry = lookUp(table, code);
  if (!entry) return null;
  const [kind, reason] = entry;
  return kind === 'rejected' ? rejected(reason, code) : failed(reason, code, retryAfterMs);
}

export function verdictWithoutAnswer({ kind, error }: NoHttpAnswer): Failed | OutcomeUnknown {
  if (kind === 'not_sent') return failed('connection_failed', error);
  if (error === 'answer_too_large') return outcomeUnknown('unreadable_answer', error);
  return outcomeUnknown(/timeout|abort/i.test(error) ? 'timeout' : 'connection_lost', error);
}

/**
 * What an HTTP status alone says, where the carrier's own code says nothing. A 2xx that could not be read and a 5xx
 * may have been acted upon; a carrier that documents otherwise is asked before this.
 */
export function verdictByStatus({ status, headers }: HttpAnswer, now: number, carrierCode?: unknown): SendVerdict {
  const code = readCarrierCode(carrierCode) ?? `http_${status}`;
  if (status === 429) return failed('rate_limited', code, readRetryAfter(headers['retry-after'], now));
  if (status === 401 || status === 403) return failed('authentication_failed', code);
  if (status === 402) return failed('insufficient_credit', code);
  // A 408 is sent by what stands before the API, which may have passed the request on; a 302 or 303 may say where the
  // result of what was done is to be seen (RFC 9110 §15.4.4).
  if (status < 300 || status >= 500 || [302, 303, 408].includes(status)) {
    return outcomeUnknown('unreadable_answer', code);
  }
  // Redirects are not followed; a path or a method that does not exist is a wrong `base_url`.
  if (status < 400 || status === 404 || status === 405 || status === 410) return failed('misconfigured', code);
  return rejected('unknown', code);
}

function codeMember(value: unknown): { carrierCode?: string } {
  const carrierCode = readCarrierCode(value);
  return carrierCode === undefined ? {} : { carrierCode };
}
