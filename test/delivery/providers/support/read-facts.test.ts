import { describe, expect, test } from 'vitest';
import { checkBaseUrl } from '../../../../src/delivery/providers/support/http-members.ts';
import {
  readMccMnc,
  readPrice,
  readTime,
  readUnixSeconds,
} from '../../../../src/delivery/providers/support/read-facts.ts';
import { sameAsAny, sameSecret } from '../../../../src/delivery/providers/support/same-secret.ts';

describe('a price', () => {
  test.each([
    ['0.0075', 'USD', '0.0075'],
    ['-0.00750', 'usd', '0.00750'],
    [0.0000001, 'EUR', '0.0000001'],
    [12, 'EUR', '12'],
    [0, 'EUR', '0'],
  ])('%j %s', (amount, currency, text) => {
    expect(readPrice(amount, currency)).toEqual({ amount: text, currency: currency.toUpperCase() });
  });

  test.each([
    ['1,5', 'EUR'],
    ['1e3', 'EUR'],
    ['', 'EUR'],
    [Number.NaN, 'EUR'],
    [1e300, 'EUR'],
    ['1', 'EURO'],
    ['1', null],
    [{}, []],
  ])('not %j %j', (amount, currency) => {
    expect(readPrice(amount, currency)).toBeUndefined();
  });
});

test.each([
  ['20801', undefined, '20801'],
  [310410, undefined, '310410'],
  ['208', '1', '20801'],
  ['310', '410', '310410'],
  ['208', undefined, undefined],
  ['108', '01', undefined],
  ['2080', '1234', undefined],
  ['GSM', '01', undefined],
])('a network: %j %j', (mcc, mnc, expected) => {
  expect(readMccMnc(mcc, mnc)).toBe(expected);
});

test('a time without a zone is UTC, and one out of this world is none', () => {
  const noon = Date.UTC(2026, 10, 22, 12);
  for (const text of ['2026-11-22T12:00:00Z', '2026-11-22 12:00:00', '2026-11-22T13:00:00.000+01:00']) {
    expect(readTime(text)).toBe(noon);
  }
  expect(readUnixSeconds(String(noon / 1_000))).toBe(noon);
  expect(readUnixSeconds(noon / 1_000)).toBe(noon);
  for (const text of ['', 'noon', '1026-11-22T12:00:00Z', '9999-11-22', {}, null])
    expect(readTime(text)).toBeUndefined();
  for (const text of ['', '-1', '12', '99999999999999999', Number.POSITIVE_INFINITY]) {
    expect(readUnixSeconds(text)).toBeUndefined();
  }
});

test('secrets are compared whole', () => {
  expect(sameSecret('secret', 'secret')).toBe(true);
  for (const other of ['', 'secre', 'secrets', 'Secret', undefined]) expect(sameSecret(other, 'secret')).toBe(false);
  expect(sameAsAny('b', ['a', 'b'])).toBe(true);
  expect(sameAsAny('c', ['a', 'b'])).toBe(false);
  expect(sameAsAny('c', [])).toBe(false);
});

describe('base_url', () => {
  test.each(['https://api.example.com', 'https://api.example.com/v1/', 'http://127.0.0.1:8080', 'http://localhost'])(
    '%s',
    (base_url) => {
      expect(checkBaseUrl({ base_url })).toEqual([]);
    },
  );

  test.each([
    ['http://api.example.com', 'https://'],
    ['http://127.0.0.1.example.com', 'https://'],
    ['api.example.com', 'must be a URL'],
    ['ftp://api.example.com', 'must be a URL'],
    ['https://user:pw@api.example.com', 'credentials'],
    ['https://api.example.com?a=b', 'query'],
  ])('not %s', (base_url, message) => {
    expect(checkBaseUrl({ base_url })).toEqual([{ pointer: '/base_url', message: expect.stringContaining(message) }]);
  });
});
