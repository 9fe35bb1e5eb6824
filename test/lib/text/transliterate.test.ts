import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gsm7 } from '../../../src/lib/text/charset.ts';
import { LOOKALIKES, SUBSTITUTES } from '../../../src/lib/text/substitutes.ts';
import { transliterate } from '../../../src/lib/text/transliterate.ts';

const { has } = gsm7();
const write = (text: string, lookalikes = false) => transliterate(text, { has, lookalikes });

describe('has an equivalent', () => {
  test.each([
    ['quotes', '‘a’ “b” „c‟ «d» ‹e› ′″ `', '\'a\' "b" "c" "d" <e> \'" \''],
    ['dashes', 'a‐b‑c–d—e−f', 'a-b-c-d-e-f'],
    ['an ellipsis and bullets', '… • ‥', '... * ..'],
    ['spaces', 'a\u00a0b\u202fc\u2009d\u3000e\tf', 'a b c d e f'],
    ['line separators', 'a\u2028b', 'a\nb'],
    ['what is not seen', 'a\u00adb\u200bc\ufeffd\u2068e\u2069', 'abcde'],
    ['full width', 'Ｃｏｄｅ１２３！￥￡', 'Code123!¥£'],
    ['ligatures', 'ﬁﬂﬀﬃ œŒ', 'fiflffffi oeOE'],
    ['Polish', 'Zażółć gęślą jaźń', 'Zazólc gesla jazn'.replace('ó', 'o')],
    ['Turkish', 'İstanbul ığŞç', 'Istanbul igSc'],
    ['Vietnamese', 'Mã xác thực của bạn', 'Ma xac thuc cua ban'],
    ['Croatian and Romanian', 'čćđšž ĐŠ ăâîșț', 'ccdsz DS aaist'],
    ['Icelandic', 'Þórður ð', 'Thordur d'],
    ['Azerbaijani and Hausa', 'Əə ɓɗƙ', 'Ee bdk'],
    ['capital sharp s', 'STRAẞE', 'STRASSE'],
    ['decomposed letters', 'e\u0301 n\u0303 a\u030a z\u0307', 'é ñ å z'],
    ['as many marks as can stay', 'ǟ ǖ ǻ', 'ä ü å'],
    ['letters that are composed nowhere', 'x\u0302\u0323', 'x'],
    ['compatibility signs', 'Ω Å K', 'Ω Å K'],
    ['trade marks', '© ® ™ №5', '(c) (R) (TM) No5'],
  ])('%s', (_, text, expected) => {
    expect(write(text)).toMatchObject({ kind: 'ok', text: expected });
  });
});

describe('has none, for it would mean something else', () => {
  test.each([
    ['emoji', '🔒'],
    ['a family', '👩‍👩‍👧‍👦'],
    ['a flag', '🇫🇷'],
    ['a keycap', '1️⃣'],
    ['superscripts', '²'],
    ['fractions', '½'],
    ['other currencies', '₹'],
    ['negated signs', '≠'],
    ['a negated sign, decomposed', '=\u0338'],
    ['an accent on a digit', '5\u0301'],
    ['Devanagari', 'क्षि'],
    ['Arabic digits', '٣'],
    ['Cyrillic', 'ж'],
    ['a Greek letter', 'α'],
    ['a lone surrogate', '\ud83d'],
    ['an override of direction', '\u202e'],
  ])('%s', (_, grapheme) => {
    expect(write(`a ${grapheme}`)).toEqual({ kind: 'unmapped', graphemes: [grapheme] });
  });
});

describe('lookalikes', () => {
  test.each([
    ['ΚΩΔΙΚΟΣ', 'KΩΔIKOΣ'],
    ['κωδικός', 'KΩΔIKOΣ'],
    ['Ήπειρος', 'HΠEIPOΣ'],
    ['ΑВС асе', 'ABC ace'],
  ])('%s becomes %s', (text, expected) => {
    expect(write(text, true)).toMatchObject({ kind: 'ok', text: expected });
  });

  test('are not used unasked', () => {
    expect(write('ΚΩΔΙΚΟΣ')).toEqual({ kind: 'unmapped', graphemes: ['Κ', 'Ι', 'Ο'] });
  });

  test('do not do for letters that look like no other', () => {
    expect(write('Москва', true)).toEqual({ kind: 'unmapped', graphemes: ['к', 'в'] });
  });
});

test('twenty graphemes without an equivalent are enough to tell', () => {
  expect(write('абвгдежзийклмнопрстуфхцчшщ')).toEqual({ kind: 'unmapped', graphemes: [...'абвгдежзийклмнопрсту'] });
});

test('what one alphabet has another may need an equivalent for', () => {
  const portuguese = { has: gsm7({ locking: 'portuguese' }).has };
  expect(transliterate('ª ê ø ǿ æ ß', portuguese)).toMatchObject({ text: 'ª ê o o ae ss' });
});

test('what is replaced is reported, in order and counted', () => {
  expect(write('“a” “b”…')).toMatchObject({
    replaced: [
      { from: '“', to: '"', count: 2 },
      { from: '”', to: '"', count: 2 },
      { from: '…', to: '...', count: 1 },
    ],
  });
});

const graphemesOf = (text: string) => Array.from(new Intl.Segmenter('und').segment(text), ({ segment }) => segment);
const isWritable = (text: string) => text.split('').every((unit) => has(unit.charCodeAt(0)));

test('the report turns the text into its transliteration, and nothing else changes', () => {
  const writable = fc.array(fc.constantFrom(...'aé\r\n“…ŁĲ ', 'e\u0301', 'x\u0302', '\u200d', 'ﬁ', 'Ａ'));
  fc.assert(
    fc.property(writable, (characters) => {
      const text = characters.join('');
      const result = write(text);
      fc.pre(result.kind === 'ok');
      const to = new Map(result.replaced.map((one) => [one.from, one.to]));
      const graphemes = graphemesOf(text);
      expect(graphemes.map((grapheme) => to.get(grapheme) ?? grapheme).join('')).toBe(result.text);
      expect(graphemes.filter((grapheme) => !isWritable(grapheme))).toHaveLength(
        result.replaced.reduce((sum, { count }) => sum + count, 0),
      );
      expect(isWritable(result.text)).toBe(true);
    }),
  );
});

test('any text is either written in the alphabet or has graphemes that cannot be', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, lookalikes) => {
      const result = write(text, lookalikes);
      if (result.kind === 'ok') expect(isWritable(result.text)).toBe(true);
      for (const grapheme of result.kind === 'ok' ? [] : result.graphemes) {
        expect(graphemesOf(text)).toContain(grapheme);
        expect(write(grapheme, lookalikes).kind).toBe('unmapped');
      }
    }),
  );
});

test('a text of the alphabet stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'aÄñ{€Ωé\n') }), (text) => {
      expect(write(text)).toEqual({ kind: 'ok', text, replaced: [] });
    }),
  );
});

test('every substitute can be written', () => {
  for (const [from, to] of [...SUBSTITUTES, ...LOOKALIKES]) {
    expect([from, [...to].every((character) => has(character.charCodeAt(0)))]).toEqual([from, true]);
    expect(from).not.toBe(to);
  }
});

test('no character is listed twice', () => {
  for (const from of LOOKALIKES.keys()) expect(SUBSTITUTES.has(from)).toBe(false);
});
