import { expect, test } from 'vitest';
import { LOCALES } from '../../../src/delivery/wording/locales.ts';
import { isRightToLeft, matchLocale } from '../../../src/delivery/wording/match-locale.ts';

test.each([
  ['fr-CA', 'fr', 'fr-CA'],
  ['FR', 'fr', 'fr'],
  ['pt-PT', 'pt', 'pt-PT'],
  ['pt-AO', 'pt', 'pt-AO'],
  ['pt-br', 'pt-BR', 'pt-BR'],
  ['zh-TW', 'zh-Hant', 'zh-TW'],
  ['zh-HK', 'zh-Hant', 'zh-HK'],
  ['zh-Hant-MO', 'zh-Hant', 'zh-Hant-MO'],
  ['zh-CN', 'zh', 'zh-CN'],
  ['zh-SG', 'zh', 'zh-SG'],
  ['cmn', 'zh', 'zh'],
  ['yue', 'zh-Hant', 'yue'],
  ['no', 'nb', 'no'],
  ['nn-NO', 'nb', 'nn-NO'],
  ['iw', 'he', 'he'],
  ['in', 'id', 'id'],
  ['tl', 'fil', 'fil'],
  ['mo', 'ro', 'ro'],
  ['sh', 'sr-Latn', 'sr-Latn'],
  ['sr-ME', 'sr-Latn', 'sr-ME'],
  ['sr-Cyrl-BA', 'sr', 'sr-Cyrl-BA'],
  ['bs', 'hr', 'bs'],
  ['prs', 'fa', 'fa-AF'],
  ['de-CH-1996', 'de', 'de-CH-1996'],
  ['xx', 'en', 'en'],
  ['constructor', 'en', 'en'],
  ['__proto__', 'en', 'en'],
  ['not a tag', 'en', 'en'],
  ['', 'en', 'en'],
])('%s is worded as %s and read as %s', (asked, name, tag) => {
  expect(matchLocale(asked, (found) => LOCALES.has(found))).toEqual({ tag, name });
});

test('what is nearest wins over what is usual', () => {
  const has = (found: string) => ['fr', 'fr-CA', 'zh', 'zh-Hant', 'zh-HK'].includes(found);
  expect(matchLocale('fr-CA', has).name).toBe('fr-CA');
  expect(matchLocale('fr-BE', has).name).toBe('fr');
  expect(matchLocale('zh-HK', has).name).toBe('zh-HK');
});

test.each(['ar-EG', 'he', 'ckb', 'dv', 'pa-PK', 'az-Arab'])('%s runs from right to left', (tag) => {
  expect(isRightToLeft(tag)).toBe(true);
});

test.each(['en', 'hi', 'az', 'pa', 'zh-Hant'])('%s runs from left to right', (tag) => {
  expect(isRightToLeft(tag)).toBe(false);
});
