import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isAddress } from '../../src/delivery/providers/smtp-mail.ts';
import { hashEmail, parseEmail } from '../../src/lib/email.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const hashOf = (address: string) => hashEmail(key, address);

it.each([
  ['ann@example.com', 'a***@example.com'],
  ['Ann.Lee+otp@Sub.Example.COM', 'A***@sub.example.com'],
  ["o'neil_1@xn--bcher-kva.example", 'o***@xn--bcher-kva.example'],
  ['a@b.xn--p1ai', 'a***@b.xn--p1ai'],
  [`${'a'.repeat(64)}@example.com`, 'a***@example.com'],
])('%s is an address, shown as %s', (input, masked) => {
  const [local, domain] = input.split('@');
  expect(parseEmail(input)).toEqual({ address: `${local}@${domain?.toLowerCase()}`, masked });
});

it.each([
  '',
  'ann',
  '@example.com',
  'ann@',
  'ann@localhost',
  'ann@example.com.',
  'ann@.example.com',
  'ann@-example.com',
  'ann@example-.com',
  'ann@exam_ple.com',
  'ann@127.0.0.1',
  'ann@[127.0.0.1]',
  'ann@@example.com',
  '.ann@example.com',
  'ann.@example.com',
  'a..n@example.com',
  '"ann lee"@example.com',
  'Ann <ann@example.com>',
  'ann@example.com,bob@example.com',
  'ann@example.com;bob@example.com',
  'ann@example.com bob@example.com',
  ' ann@example.com',
  'ann@example.com\n',
  'ann@example.com\r\nBcc: bob@example.com',
  'ann\0@example.com',
  'bob%example.com@relay.example',
  'relay.example!bob@example.com',
  'änn@example.com',
  'ann@exämple.com',
  'аnn@example.com',
  'ann@example。com',
  `${'a'.repeat(65)}@example.com`,
  `ann@${'a'.repeat(64)}.com`,
  `ann@${`${'a'.repeat(60)}.`.repeat(4)}example.com`,
])('%j is none', (input) => expect(parseEmail(input)).toBeNull());

it('nothing else than one address in an envelope passes, whatever is tried', () => {
  const pieces = fc.constantFrom(
    'ann',
    'example.com',
    '@',
    '.',
    '+',
    ' ',
    '\r\n',
    '<',
    '>',
    ',',
    '"',
    '\\',
    '%',
    'é',
    '-',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
      const input = parts.join('');
      const parsed = parseEmail(input);
      if (!parsed) return;
      expect(parsed.address).toMatch(/^[!-~]+$/);
      expect(parsed.address.split('@')).toHaveLength(2);
      expect(isAddress(parsed.address)).toBe(true);
      expect(parseEmail(parsed.address)).toEqual(parsed);
    }),
  );
});

it('spellings that end up in one mailbox are one, and others are not', () => {
  const same = ['Ann@example.com', 'ann+otp@example.com', 'ANN+1+2@EXAMPLE.COM'];
  for (const address of same) expect(hashOf(address), address).toBe(hashOf('ann@example.com'));
  for (const address of ['a.nn@gmail.com', 'Ann+x@googlemail.com']) {
    expect(hashOf(address), address).toBe(hashOf('ann@gmail.com'));
  }
  const others = [
    'ann@example.com',
    'a.nn@example.com',
    'ann@example.org',
    '+ann@example.com',
    'ann@gmail.com',
    'bob@gmail.com',
  ];
  expect(new Set(others.map(hashOf)).size).toBe(others.length);
});
