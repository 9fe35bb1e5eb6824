import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeText, measureText } from '../../../src/lib/text/encode-text.ts';

const splitText = (text: string) => encodeText(text).segments.map((segment) => segment.text);

const EXTENSION = '\f^{}\\[~]|€';
const GSM = `@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà${EXTENSION}`;

const gsmText = fc.string({ unit: fc.constantFrom(...GSM), maxLength: 700 });
const anyText = fc.oneof(
  gsmText,
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: fc.constantFrom('a', '€', '😀', 'é', 'ż', '\ud83d', '\ude00'), maxLength: 300 }),
);

/** Written apart from the code under test, straight from the specification. */
function unitsOf(text: string, encoding: 'gsm7' | 'ucs2'): number {
  return encoding === 'ucs2' ? text.length : [...text].reduce((sum, c) => sum + (EXTENSION.includes(c) ? 2 : 1), 0);
}

describe('measureText', () => {
  test.each([
    ['', 'gsm7', 1, 0],
    ['a'.repeat(160), 'gsm7', 1, 160],
    ['a'.repeat(161), 'gsm7', 2, 161],
    ['a'.repeat(306), 'gsm7', 2, 306],
    ['a'.repeat(307), 'gsm7', 3, 307],
    ['€'.repeat(80), 'gsm7', 1, 160],
    [`${'€'.repeat(80)}a`, 'gsm7', 2, 161],
    // 153 is odd: every part of escape pairs wastes a septet, so 306 septets do not fit two parts.
    ['€'.repeat(153), 'gsm7', 3, 306],
    ['ż'.repeat(70), 'ucs2', 1, 70],
    ['ż'.repeat(71), 'ucs2', 2, 71],
    ['ż'.repeat(134), 'ucs2', 2, 134],
    ['😀'.repeat(35), 'ucs2', 1, 70],
    ['😀'.repeat(67), 'ucs2', 3, 134],
  ] as const)('%j', (text, encoding, segments, units) => {
    expect(measureText(text)).toMatchObject({ encoding, segments, units });
  });

  test.each([...'ç`’–…\u00a0\tê\x1b'])('%j is outside the GSM alphabet', (character) => {
    expect(measureText(character).encoding).toBe('ucs2');
  });

  test('every character of both GSM tables is in it', () => {
    fc.assert(fc.property(gsmText, (text) => measureText(text).encoding === 'gsm7'));
  });

  test('counts exactly the parts that are sent, in exactly their units', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { encoding, segments, units } = measureText(text);
        expect(segments).toBe(splitText(text).length);
        expect(units).toBe(unitsOf(text, encoding));
      }),
    );
  });
});

describe('splitText', () => {
  test('loses nothing and overfills nothing', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const parts = splitText(text);
        const { encoding } = measureText(text);
        const room = encoding === 'gsm7' ? [160, 153] : [70, 67];
        expect(parts.join('')).toBe(text.toWellFormed());
        for (const part of parts)
          expect(unitsOf(part, encoding)).toBeLessThanOrEqual(room[parts.length > 1 ? 1 : 0] ?? 0);
      }),
    );
  });

  test('never cuts a surrogate pair', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const part of splitText(text).slice(1)) expect(text.isWellFormed() && !part.isWellFormed()).toBe(false);
      }),
    );
  });

  test('fills each part as far as the next character allows', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const parts = splitText(text);
        const { encoding } = measureText(text);
        for (const [index, part] of parts.slice(0, -1).entries()) {
          const next = String.fromCodePoint(parts[index + 1]?.codePointAt(0) ?? 0);
          expect(unitsOf(part + next, encoding)).toBeGreaterThan(encoding === 'gsm7' ? 153 : 67);
        }
      }),
    );
  });
});
