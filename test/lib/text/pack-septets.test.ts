import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeGsm7 } from '../../../src/lib/text/gsm7.ts';
import { fillBitsAfter, packSeptets, unpackSeptets } from '../../../src/lib/text/pack-septets.ts';

const septetsOf = (text: string) => encodeGsm7(text) ?? new Uint8Array();
const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

describe('packSeptets', () => {
  test.each([
    ['hellohello', 'e8329bfd4697d9ec37'],
    ['', ''],
    ['A', '41'],
    ['1234567', '31d98c56b3dd00'],
    ['12345678', '31d98c56b3dd70'],
  ])('%j', (text, packed) => {
    expect(hex(packSeptets(septetsOf(text)))).toBe(packed);
  });

  test('160 septets take 140 octets', () => {
    expect(packSeptets(new Uint8Array(160).fill(0x7f))).toEqual(new Uint8Array(140).fill(0xff));
  });

  test('every septet comes back, behind any header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ max: 0x7f, maxLength: 160 }), fc.nat(6), (septets, fillBits) => {
        const packed = packSeptets(septets, fillBits);
        expect(packed.length).toBe(Math.ceil((fillBits + septets.length * 7) / 8));
        expect(unpackSeptets(packed, septets.length, fillBits)).toEqual(septets);
      }),
    );
  });

  test('fill bits before it are zero', () => {
    for (let bits = 0; bits < 7; bits++) {
      expect((packSeptets(Uint8Array.of(0x7f), bits)[0] ?? 0) & (2 ** bits - 1)).toBe(0);
    }
  });
});

test('a count beyond the octets gives the septets there are', () => {
  expect(unpackSeptets(Uint8Array.of(0xff, 0xff), 160)).toEqual(Uint8Array.of(0x7f, 0x7f));
  expect(unpackSeptets(new Uint8Array(), 3, 6)).toEqual(new Uint8Array());
});

test.each([
  [0, 0],
  [4, 3],
  [6, 1],
  [7, 0],
  [9, 5],
  [12, 2],
])('text behind a header of %i octets starts after %i fill bits', (octets, bits) => {
  expect(fillBitsAfter(octets)).toBe(bits);
});
