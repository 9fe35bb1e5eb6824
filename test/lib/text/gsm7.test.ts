import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeGsm7, encodeGsm7 } from '../../../src/lib/text/gsm7.ts';
import type { NationalShift } from '../../../src/lib/text/national-shift.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

/** 3GPP TS 23.038 §6.2.1 column by column as the specification prints it, unlike the rows in the code. */
const COLUMNS = [
  ['@', 'Δ', ' ', '0', '¡', 'P', '¿', 'p'],
  ['£', '_', '!', '1', 'A', 'Q', 'a', 'q'],
  ['$', 'Φ', '"', '2', 'B', 'R', 'b', 'r'],
  ['¥', 'Γ', '#', '3', 'C', 'S', 'c', 's'],
  ['è', 'Λ', '¤', '4', 'D', 'T', 'd', 't'],
  ['é', 'Ω', '%', '5', 'E', 'U', 'e', 'u'],
  ['ù', 'Π', '&', '6', 'F', 'V', 'f', 'v'],
  ['ì', 'Ψ', "'", '7', 'G', 'W', 'g', 'w'],
  ['ò', 'Σ', '(', '8', 'H', 'X', 'h', 'x'],
  ['Ç', 'Θ', ')', '9', 'I', 'Y', 'i', 'y'],
  ['\n', 'Ξ', '*', ':', 'J', 'Z', 'j', 'z'],
  ['Ø', null, '+', ';', 'K', 'Ä', 'k', 'ä'],
  ['ø', 'Æ', ',', '<', 'L', 'Ö', 'l', 'ö'],
  ['\r', 'æ', '-', '=', 'M', 'Ñ', 'm', 'ñ'],
  ['Å', 'ß', '.', '>', 'N', 'Ü', 'n', 'ü'],
  ['å', 'É', '/', '?', 'O', '§', 'o', 'à'],
];

const DEFAULT = new Map(
  COLUMNS.flatMap((row, low) => row.map((character, high) => [high * 16 + low, character] as const)),
);
const EXTENSION: Record<string, string> = {
  ...{ '0a': '\f', '14': '^', '28': '{', '29': '}', '2f': '\\', '3c': '[', '3d': '~', '3e': ']', '40': '|', '65': '€' },
};

/** Where the national tables differ from the default ones, character before septet. */
const LOCKING = {
  turkish: '€04 ı07 Ğ0b ğ0c Ş1c ş1d İ40 ç60',
  portuguese:
    'ê04 ú06 í07 ó08 ç09 Ô0b ô0c Á0e á0f ª12 Ç13 À14 ∞15 ^16 \\17 €18 Ó19 |1a Â1c â1d Ê1e º24 Í40 Ã5b Õ5c Ú5d ~60 ã7b õ7c `7d',
};
const SINGLE = {
  turkish: 'Ğ47 İ49 Ş53 ç63 ğ67 ı69 ş73',
  spanish: 'ç09 Á41 Í49 Ó4f Ú55 á61 í69 ó6f ú75',
  portuguese:
    'ê05 ç09 Ô0b ô0c Á0e á0f Φ12 Γ13 Ω15 Π16 Ψ17 Σ18 Θ19 Ê1f À41 Í49 Ó4f Ú55 Ã5b Õ5c Â61 í69 ó6f ú75 ã7b õ7c â7f',
};

const pairs = (list: string) => list.split(' ').map((pair) => [pair.slice(1), pair.charAt(0)] as const);

describe('decodeGsm7', () => {
  test('the default alphabet', () => {
    for (const [septet, character] of DEFAULT) {
      if (character !== null) expect(decodeGsm7(Uint8Array.of(septet))).toBe(character);
    }
  });

  test('its extension', () => {
    for (const [septet, character] of Object.entries(EXTENSION))
      expect(decodeGsm7(bytes(`1b${septet}`))).toBe(character);
  });

  test.each(['turkish', 'portuguese'] as const)(
    '%s locking shift changes these characters and no others',
    (locking) => {
      const changed = new Map(pairs(LOCKING[locking]));
      for (const [septet, character] of DEFAULT) {
        const hex = Buffer.of(septet).toString('hex');
        if (character !== null) expect(decodeGsm7(bytes(hex), { locking })).toBe(changed.get(hex) ?? character);
      }
    },
  );

  test.each(['turkish', 'spanish', 'portuguese'] as const)('%s single shift adds these to the extension', (single) => {
    const added = new Map([...Object.entries(EXTENSION), ...pairs(SINGLE[single])]);
    for (const [septet, character] of DEFAULT) {
      const hex = Buffer.of(septet).toString('hex');
      // What the extension lacks is shown as if the escape were not there.
      if (character !== null) expect(decodeGsm7(bytes(`1b${hex}`), { single })).toBe(added.get(hex) ?? character);
    }
  });

  test.each([
    ['an escape of an escape is a space', '1b1b65', ' e'],
    ['an escape with nothing behind it is a space', '411b', 'A '],
    ['an octet that is no septet is marked', '41e942', 'A\ufffdB'],
    ['also behind an escape', '1be942', '\ufffdB'],
  ])('%s', (_, hex, text) => {
    expect(decodeGsm7(bytes(hex))).toBe(text);
  });

  test('takes any octets', () => {
    fc.assert(fc.property(fc.uint8Array({ max: 0x7f }), (octets) => !decodeGsm7(octets).includes('\ufffd')));
  });
});

describe('encodeGsm7', () => {
  const shifts: NationalShift[] = [
    {},
    { single: 'turkish' },
    { single: 'spanish' },
    { single: 'portuguese' },
    { locking: 'turkish' },
    { locking: 'portuguese' },
    { locking: 'portuguese', single: 'portuguese' },
  ];

  test.each(shifts)('every character of the tables of %j comes back', (shift) => {
    for (let septet = 0; septet < 0x80; septet++) {
      for (const octets of [Uint8Array.of(septet), Uint8Array.of(0x1b, septet)]) {
        const character = decodeGsm7(octets, shift);
        const encoded = encodeGsm7(character, shift);
        expect(encoded && decodeGsm7(encoded, shift)).toBe(character);
      }
    }
  });

  test.each<[string, NationalShift, string | null]>([
    ['@\n£_', {}, '000a0111'],
    ['[€]', {}, '1b3c1b651b3e'],
    ['Ç', {}, '09'],
    ['ç', {}, null],
    ['ç', { single: 'turkish' }, '1b63'],
    ['çş€', { locking: 'turkish' }, '601d04'],
    ['è', { locking: 'turkish' }, null],
    ['ação', { locking: 'portuguese' }, '61097b6f'],
    ['ΨΩ', { locking: 'portuguese', single: 'portuguese' }, '1b171b15'],
    ['Á', { single: 'spanish' }, '1b41'],
    ['\x1b', {}, null],
    ['\ufffd', {}, null],
    ['😀', {}, null],
  ])('%j with %j is %s', (text, shift, hex) => {
    const octets = encodeGsm7(text, shift);
    expect(octets && Buffer.from(octets).toString('hex')).toBe(hex);
  });
});
