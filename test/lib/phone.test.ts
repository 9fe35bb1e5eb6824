import { createSecretKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { hashPhone, hashPhonePrefix, parsePhone } from '../../src/lib/phone.ts';

const key = createSecretKey(Buffer.alloc(32, 1));

it.each([
  ['+33612345678', ['+33 6 12 34 56 78', '+33 (0)6 12 34 56 78', ' +33-612-345-678']],
  ['+5491123456789', ['+54 9 11 2345-6789', '+54 11 15 2345-6789']],
  ['+525512345678', ['+52 55 1234 5678', '+52 1 55 1234 5678', '+5215512345678']],
])('%s is read from its spellings', (e164, spellings) => {
  for (const spelling of [e164, ...spellings]) expect(parsePhone(spelling)?.e164, spelling).toBe(e164);
});

it.each(['', '0612345678', '+33 6 12', '+33612345678 ext. 5', '+３３612345678', '+521234', 'tel:+33612345678'])(
  '%j is no number',
  (text) => expect(parsePhone(text)).toBeNull(),
);

it('an Argentine mobile is one line with and without the 9, and is sent to as it was given', () => {
  const [abroad, home] = ['+5491123456789', '+541123456789'];
  expect([abroad, home].map((to) => parsePhone(to)?.e164)).toEqual([abroad, home]);
  expect(hashPhone(key, abroad)).toBe(hashPhone(key, home));
  expect(hashPhonePrefix(key, abroad)).toEqual(hashPhonePrefix(key, home));
  expect(hashPhone(key, '+5491123456780')).not.toBe(hashPhone(key, home));
});

it('other numbers are lines of their own', () => {
  const hashes = ['+541123456789', '+549112345678', '+33612345678', '+525512345678'].map((to) => hashPhone(key, to));
  expect(new Set(hashes).size).toBe(4);
});
