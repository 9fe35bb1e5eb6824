import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanText } from '../../../src/lib/text/clean.ts';

test('control, bidirectional and line characters never pass', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      expect(cleanText(value)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test('a value cannot start a line of its own', () => {
  expect(cleanText('ACME\r\n@evil.example #123456\u2028x')).toBe('ACME @evil.example #123456 x');
});

test('visible text stays as it is, template marks included', () => {
  for (const value of ['{{7*7}} <%= y %> %s', 'Crème Brûlée & Söhne', '👩‍👩‍👧', 'می‌خواهم']) {
    expect(cleanText(value)).toBe(value);
  }
});
