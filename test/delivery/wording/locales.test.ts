import { describe, expect, test } from 'vitest';
import type { Wording } from '../../../src/delivery/wording/wording.ts';
import { languageOf, NAMES } from './all-languages.ts';

/** Without a form for each number: "min." stands for all of them. */
const ABBREVIATED = ['lt', 'pl'];

const PLACES: Partial<Record<keyof Wording, readonly string[]>> = {
  code: ['brand', 'code'],
  confirm: ['brand', 'code'],
  amount: ['amount'],
  payee: ['payee'],
  spokenCode: ['brand', 'digits'],
  spokenConfirm: ['brand', 'digits'],
  again: ['digits'],
  pressToHear: ['key'],
  pressForMessage: ['key'],
  pressToStop: ['key'],
  subject: ['brand'],
  confirmSubject: ['brand'],
  intro: ['brand'],
  confirmIntro: ['brand'],
};

const placesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test('there are more than forty languages', () => {
  expect(NAMES.length).toBeGreaterThanOrEqual(55);
});

test.each(NAMES)(
  '%s: each text has its values in it, once each, and nothing that could be taken for a link',
  (name) => {
    const { expires, rtl: _rtl, space: _space, pause: _pause, ...texts } = languageOf(name).wording;
    for (const [text, value] of Object.entries(texts)) {
      expect(placesIn(value), text).toEqual(PLACES[text as keyof Wording] ?? []);
      expect(value.replaceAll(/\{\w+\}/g, ''), text).not.toMatch(/[{}@#<>\d]|https?:|www\.|[\p{Cc}\p{Cs}]/u);
      expect(value, text).toBe(value.normalize('NFC').trim());
    }
    expect(expires.other).toContain('{minutes}');
  },
);

test.each(NAMES)('%s: every number of minutes has its form', (name) => {
  const { expires } = languageOf(name).wording;
  const rules = new Intl.PluralRules(name);
  expect(rules.resolvedOptions().locale.split('-')[0]).toBe(name.split('-')[0]);
  const wanted = new Set(Array.from({ length: 60 }, (_, index) => rules.select(index + 1)));
  if (ABBREVIATED.includes(name)) expect(expires).toEqual({ other: expect.stringMatching(/ min\.$/) });
  else expect(Object.keys(expires)).toEqual(expect.arrayContaining([...wanted]));
  const known = new Set(rules.resolvedOptions().pluralCategories);
  expect(Object.keys(expires).filter((category) => !known.has(category as Intl.LDMLPluralRule))).toEqual([]);
});

describe('right to left', () => {
  const names = NAMES.filter((name) => languageOf(name).wording.rtl);

  test('are these', () => {
    expect(names.sort()).toEqual(['ar', 'fa', 'he', 'ur']);
  });

  test.each(names)('%s: each line begins in its own script, so that the whole of it runs that way', (name) => {
    const { wording } = languageOf(name);
    const { rtl: _rtl, space: _space, pause: _pause, expires, ...texts } = wording;
    for (const text of [...Object.values(texts), ...Object.values(expires)]) {
      expect(/[\p{L}\p{N}{]/u.exec(text)?.[0]).toMatch(/[\p{Script=Arabic}\p{Script=Hebrew}]/u);
    }
    // Digits right behind Latin letters would be ordered with them (UAX #9, W7).
    const between = wording.code.slice(wording.code.indexOf('{brand}'), wording.code.indexOf('{code}'));
    expect(between).toMatch(/[\p{Script=Arabic}\p{Script=Hebrew}]/u);
  });
});
