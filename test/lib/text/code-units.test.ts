import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLatin1, encodeLatin1, isLatin1 } from '../../../src/lib/text/latin1.ts';
import { decodeUcs2, encodeUcs2 } from '../../../src/lib/text/ucs2.ts';

const hex = (octets: Uint8Array | null) => octets && Buffer.from(octets).toString('hex');

test('UCS-2 is big-endian, with surrogate pairs', () => {
  expect(hex(encodeUcs2('aż😀'))).toBe('0061017cd83dde00');
});

test('every well-formed text comes back from UCS-2', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => decodeUcs2(encodeUcs2(text)) === text));
});

test('a character that could be taken for a byte order mark stays', () => {
  expect(decodeUcs2(encodeUcs2('\ufeffa'))).toBe('\ufeffa');
});

test('what a carrier cut comes out as well-formed text', () => {
  expect(decodeUcs2(Buffer.from('0061d83d', 'hex'))).toBe('a\ufffd');
  expect(decodeUcs2(Buffer.from('de000061', 'hex'))).toBe('\ufffda');
  expect(decodeUcs2(Buffer.from('006101', 'hex'))).toBe('a\ufffd');
  fc.assert(fc.property(fc.uint8Array(), (octets) => decodeUcs2(octets).isWellFormed()));
});

test('a call leaves nothing behind for the next', () => {
  decodeUcs2(Buffer.from('d83d', 'hex'));
  expect(decodeUcs2(Buffer.from('0061', 'hex'))).toBe('a');
});

test('Latin-1 has 256 characters', () => {
  const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet);
  expect(decodeLatin1(octets)).toBe(String.fromCharCode(...octets));
  expect(hex(encodeLatin1(decodeLatin1(octets)))).toBe(hex(octets));
  expect(isLatin1('€')).toBe(false);
});
