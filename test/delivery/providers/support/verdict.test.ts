import { describe, expect, test } from 'vitest';
import {
  rejected,
  verdictByCode,
  verdictByStatus,
  verdictWithoutAnswer,
} from '../../../../src/delivery/providers/support/verdict.ts';
import { readRetryAfter } from '../../../../src/lib/retry-after.ts';
import { NOW } from '../provider-rig.ts';

const answer = (status: number, headers: Record<string, string> = {}) => ({
  kind: 'answer' as const,
  status,
  headers,
  body: '',
});

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['17', 17_000],
    [' 17 ', 17_000],
    ['999999999999', 3_600_000],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['Sun, 22 Nov 2099 11:00:00 GMT', 3_600_000],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026', 2_026_000],
    ['', undefined],
    [undefined, undefined],
  ])('%j', (header, ms) => {
    expect(readRetryAfter(header, NOW)).toBe(ms);
  });
});

describe('a request without an answer', () => {
  test.each([
    ['not_sent', 'ECONNREFUSED', 'failed', 'connection_failed'],
    ['no_answer', 'TimeoutError', 'outcome_unknown', 'timeout'],
    ['no_answer', 'AbortError', 'outcome_unknown', 'timeout'],
    ['no_answer', 'UND_ERR_HEADERS_TIMEOUT', 'outcome_unknown', 'timeout'],
    ['no_answer', 'UND_ERR_SOCKET', 'outcome_unknown', 'connection_lost'],
    ['no_answer', 'answer_too_large', 'outcome_unknown', 'unreadable_answer'],
  ] as const)('%s %s is %s', (kind, error, verdict, reason) => {
    expect(verdictWithoutAnswer({ kind, error })).toEqual({ kind: verdict, reason, carrierCode: error });
  });
});

describe('a status alone', () => {
  test.each([
    [200, 'outcome_unknown', 'unreadable_answer'],
    [301, 'failed', 'misconfigured'],
    [302, 'outcome_unknown', 'unreadable_answer'],
    [303, 'outcome_unknown', 'unreadable_answer'],
    [307, 'failed', 'misconfigured'],
    [400, 'rejected', 'unknown'],
    [401, 'failed', 'authentication_failed'],
    [402, 'failed', 'insufficient_credit'],
    [403, 'failed', 'authentication_failed'],
    [404, 'failed', 'misconfigured'],
    [408, 'outcome_unknown', 'unreadable_answer'],
    [422, 'rejected', 'unknown'],
    [429, 'failed', 'rate_limited'],
    [500, 'outcome_unknown', 'unreadable_answer'],
    [503, 'outcome_unknown', 'unreadable_answer'],
  ])('%i is %s', (status, kind, reason) => {
    expect(verdictByStatus(answer(status), NOW)).toEqual({ kind, reason, carrierCode: `http_${status}` });
  });

  test('429 says when to try again', () => {
    const limited = answer(429, { 'retry-after': '3' });
    expect(verdictByStatus(limited, NOW, 20429)).toEqual({
      kind: 'failed',
      reason: 'rate_limited',
      carrierCode: '20429',
      retryAfterMs: 3_000,
    });
  });
});

test('a code is looked up among the own entries of a table only', () => {
  const table = { '21211': ['rejected', 'invalid_recipient'] } as const;
  expect(verdictByCode(table, '21211')).toEqual(rejected('invalid_recipient', '21211'));
  for (const code of ['toString', '__proto__', 'constructor', undefined]) expect(verdictByCode(table, code)).toBeNull();
});

test.each(['a text with spaces', '+33612345678', '33612345678', 'x'.repeat(41), '', null, {}, ['a']])(
  'what is not a code is not kept as one: %j',
  (code) => {
    expect(rejected('unknown', code)).toEqual({ kind: 'rejected', reason: 'unknown' });
  },
);
