import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NationalShift } from '../../../src/lib/text/national-shift.ts';
import { buildUdh, parseUdh, type UserDataHeader, udhOctets } from '../../../src/lib/text/udh.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

const shifts: NationalShift[] = [
  {},
  { single: 'spanish' },
  { locking: 'turkish' },
  { locking: 'portuguese', single: 'portuguese' },
];

const concatenations = fc
  .record({ reference: fc.nat(0xffff), referenceSize: fc.constantFrom(8, 16), total: fc.integer({ min: 1, max: 255 }) })
  .chain(({ reference, referenceSize, total }) =>
    fc.record({
      reference: fc.constant(referenceSize === 8 ? reference & 0xff : reference),
      referenceSize: fc.constant(referenceSize),
      total: fc.constant(total),
      part: fc.integer({ min: 1, max: total }),
    }),
  );

describe('buildUdh', () => {
  test.each<[UserDataHeader, string]>([
    [{}, ''],
    [{ concatenation: { reference: 0xab, referenceSize: 8, total: 3, part: 2 } }, '050003ab0302'],
    [{ concatenation: { reference: 0xabcd, referenceSize: 16, total: 3, part: 2 } }, '060804abcd0302'],
    [{ concatenation: { reference: 0x1ab, referenceSize: 8, total: 1, part: 1 } }, '050003ab0101'],
    [{ shift: { single: 'spanish' } }, '03240102'],
    [{ shift: { locking: 'turkish' } }, '03250101'],
    [
      {
        concatenation: { reference: 1, referenceSize: 8, total: 2, part: 1 },
        shift: { locking: 'portuguese', single: 'portuguese' },
      },
      '0b0003010201240103250103',
    ],
  ])('%j', (header, expected) => {
    expect(hex(buildUdh(header))).toBe(expected);
  });

  test.each([
    [0, 2],
    [3, 2],
    [1, 256],
  ])('refuses part %i of %i', (part, total) => {
    expect(() => buildUdh({ concatenation: { reference: 1, referenceSize: 8, total, part } })).toThrow(RangeError);
  });
});

test('what is built is read back, with the text behind it untouched, in the octets counted for it', () => {
  fc.assert(
    fc.property(
      fc.option(concatenations, { nil: undefined }),
      fc.constantFrom(...shifts),
      fc.uint8Array(),
      (concatenation, shift, text) => {
        const header = {
          ...(concatenation && { concatenation }),
          ...(Object.keys(shift).length > 0 && { shift }),
        } as UserDataHeader;
        const octets = buildUdh(header);
        expect(octets.length).toBe(udhOctets(header.concatenation?.referenceSize ?? null, shift));
        if (octets.length === 0) return;
        expect(parseUdh(Uint8Array.of(...octets, ...text))).toEqual({ header, octets: octets.length });
      },
    ),
  );
});

describe('parseUdh', () => {
  const part = { reference: 1, referenceSize: 8, total: 2, part: 1 };

  test.each([
    ['no octets', ''],
    ['a header longer than the data', '0500030102'],
  ])('%s: none', (_, octets) => {
    expect(parseUdh(bytes(octets))).toBeNull();
  });

  test.each<[string, string, object]>([
    ['an empty header', '00', {}],
    ['unknown elements are passed over', '0b0504158a00000003010201', { concatenation: part }],
    ['of repeated elements the last one counts', '0a00030902020003010201', { concatenation: part }],
    ['part 0 is ignored', '050003010200', {}],
    ['a part beyond the total is ignored', '050003010203', {}],
    ['no parts at all are ignored', '050003010000', {}],
    ['a reference of another length is ignored', '0400020102', {}],
    ['an element that claims more than the header is ignored', '080003010201240501', { concatenation: part }],
    ['an unknown language is ignored', '03250142', {}],
    ['there is no Spanish locking shift', '03250102', {}],
  ])('%s', (_, octets, header) => {
    expect(parseUdh(bytes(octets))).toEqual({ header, octets: Number.parseInt(octets.slice(0, 2), 16) + 1 });
  });

  test('takes any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (octets) => {
        const parsed = parseUdh(octets);
        expect(parsed?.octets ?? 0).toBeLessThanOrEqual(octets.length);
        const { part: number = 1, total = 1 } = parsed?.header.concatenation ?? {};
        expect(number >= 1 && number <= total).toBe(true);
      }),
    );
  });
});
