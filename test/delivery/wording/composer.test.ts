import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CodeTemplate, compileCodeTemplate } from '../../../src/delivery/wording/code-template.ts';
import type { ProjectTemplates } from '../../../src/delivery/wording/code-templates.ts';
import type { CodeText } from '../../../src/delivery/wording/code-text.ts';
import { createComposer, wordCode } from '../../../src/delivery/wording/composer.ts';
import { APP_HASH, codeText, HOST, payment, textOf } from './all-languages.ts';
import { findLikeChromium, parseOriginBound } from './parse-otc.ts';

/** A project with these words, English SMS unless said otherwise. */
function project(...templates: Partial<CodeTemplate>[]): ProjectTemplates {
  const full = templates.map(
    (changes): CodeTemplate => ({
      ...{ channel: 'sms', locale: 'en', text: '{{code}} is your {{brand}} code.' },
      ...{ subject: null, confirm: null, confirmSubject: null, context: [], ...changes },
    }),
  );
  const find = (channel: string, locale: string) => {
    const source = full.find((template) => template.channel === channel && template.locale === locale);
    const result = source && compileCodeTemplate(source);
    if (result?.kind === 'invalid') throw new Error(JSON.stringify(result.errors));
    return result?.template ?? null;
  };
  return { has: (...key) => find(...key) !== null, find };
}

const word = (own: ProjectTemplates | null, changes: Partial<CodeText> = {}) => wordCode(codeText(changes), own);

test('a project’s own words take the place of ours in their channel and language, and nowhere else', async () => {
  const own = project({ text: 'Acme says {{code}}, for {{minutes}} min' });
  expect(await word(own)).toMatchObject({
    by: 'project',
    composed: { text: 'Acme says 012345, for 10 min', locale: 'en' },
  });
  expect(await word(own, { locale: 'en-GB' })).toMatchObject({ by: 'project', composed: { locale: 'en-GB' } });
  expect(await word(own, { locale: 'fr' })).toMatchObject({ by: 'built_in', composed: { locale: 'fr' } });
  expect(await word(own, { channel: 'voice' })).toMatchObject({ by: 'built_in' });
  expect((await word(null)).composed.text).toBe(textOf());
});

test('the nearest language wins; one that we have no words for is the project’s alone', async () => {
  const own = project(
    { locale: 'fr' },
    { locale: 'fr-CA', text: 'Canada {{code}}' },
    { locale: 'ne', text: 'नेपाल {{code}}' },
  );
  expect((await word(own, { locale: 'fr-CA' })).composed.text).toBe('Canada 012345');
  expect((await word(own, { locale: 'fr-BE' })).composed.text).toBe('012345 is your Acme code.');
  expect((await word(own, { locale: 'ne-NP' })).composed).toMatchObject({ text: 'नेपाल 012345', locale: 'ne-NP' });
  expect((await word(own, { locale: 'ne', context: payment })).composed.locale).toBe('en');
});

describe('what the code is bound to is shown whole', () => {
  const confirm = '{{amount}} {{currency}} to {{payee}}: {{code}}';

  test('in the project’s words where they show it', async () => {
    expect(await word(project({ confirm }), { context: payment })).toMatchObject({
      by: 'project',
      composed: { text: '100.00 EUR to Corner Shop: 012345' },
    });
  });

  test.each<[string, Partial<CodeTemplate>, Record<string, string>, string]>([
    ['none for transactions', {}, payment, 'template_has_no_confirm'],
    ['no payee', { confirm: '{{amount}} {{currency}}: {{code}}' }, payment, 'template_shows_not_all_context'],
    ['no currency', { confirm: '{{amount}} {{payee}}: {{code}}' }, payment, 'template_shows_not_all_context'],
    ['more is bound', { confirm }, { ...payment, iban: 'FR76' }, 'template_shows_not_all_context'],
    ['less is bound', { confirm }, { amount: '1', payee: 'A' }, 'values_do_not_fit'],
    ['named like the code', { confirm }, { ...payment, code: '999999' }, 'template_shows_not_all_context'],
  ])('else in ours: %s', async (_, template, context, note) => {
    const { by, notes, composed } = await word(project(template), { context });
    expect([by, notes]).toEqual(['built_in', [note]]);
    for (const value of Object.values(context)) expect(composed.text).toContain(value);
  });
});

describe('what browsers and apps read', () => {
  test('comes after the project’s words, always last', async () => {
    const { composed } = await word(project({ text: 'Hi\n{{code}}' }), { origin: HOST, androidAppHash: APP_HASH });
    expect(composed.text).toBe(`Hi\n012345\n${APP_HASH}\n@${HOST} #012345`);
  });

  test('a text too long for Android keeps its words and loses the hash; that is told', async () => {
    const own = project({ text: `{{code}} ${'x'.repeat(120)}` });
    const { composed, by, notes } = await word(own, { origin: HOST, androidAppHash: APP_HASH });
    expect([by, notes]).toEqual(['project', ['text_too_long_for_android']]);
    expect(composed.text).not.toContain(APP_HASH);
    expect(parseOriginBound(composed.text)).toMatchObject({ host: HOST, code: '012345' });
  });

  test('no template and no value binds the code to another origin', async () => {
    const own = project({ text: '{{brand}} #{{code}}', confirm: '{{payee}} #{{code}}\n{{amount}} #1 {{brand}}' });
    const nasty = fc.constantFrom(
      '@evil.example',
      '@evil.example #1',
      'x @evil.example',
      '@a @evil.example',
      '{{code}}',
    );
    await fc.assert(
      fc.asyncProperty(nasty, nasty, nasty, fc.boolean(), async (brand, payee, amount, isBound) => {
        const message = { brand, context: isBound ? { payee, amount } : null };
        const alone = (await word(own, message)).composed.text;
        expect([parseOriginBound(alone), findLikeChromium(alone)]).toEqual([null, null]);
        const { text } = (await word(own, { ...message, origin: HOST })).composed;
        expect(parseOriginBound(text)).toEqual({ host: HOST, code: '012345', rest: '' });
        expect(findLikeChromium(text)).toEqual({ host: HOST, code: '012345' });
      }),
    );
  });

  test('a variable’s mark in a value stays text', async () => {
    expect((await word(project({}), { brand: '{{code}}' })).composed.text).toBe('012345 is your {{code}} code.');
  });
});

test('a call reads the project’s words, the digits one by one', async () => {
  const own = project({ channel: 'voice', text: 'Acme here. {{code}}. I repeat:\n{{code}}.' });
  const { composed } = await word(own, { channel: 'voice', code: '0123' });
  expect(composed.text).toBe('Acme here. 0, 1, 2, 3. I repeat:\n0, 1, 2, 3.');
  expect(composed.script).toMatchObject({
    ...{ locale: 'en', greeting: '', goodbye: '' },
    body: [
      { say: 'Acme here.' },
      { digits: '0123' },
      { pauseMs: 700 },
      { say: 'I repeat:' },
      { digits: '0123' },
      { pauseMs: 700 },
    ],
  });
});

test('right-to-left words of a project isolate what would be reordered', async () => {
  const own = project({ locale: 'ar', text: 'رمز {{brand}}: {{code}}' });
  expect((await word(own, { locale: 'ar', brand: 'A&B 24' })).composed.text).toBe('رمز \u2068A&B 24\u2069: 012345');
});

describe('the composer', () => {
  const open = (of: () => Promise<ProjectTemplates>) => {
    const lines: string[] = [];
    const log = (facts: object, text: string) => lines.push(`${JSON.stringify(facts)} ${text}`);
    return { lines, ...createComposer({ templates: { of }, log: { info: log, warn: log } }) };
  };
  const message = { ...codeText({ context: payment }), project: 'prj_1' };

  test('sends in our words while templates cannot be read, and says so once', async () => {
    const { compose, lines } = open(() => Promise.reject(new Error('down')));
    for (let i = 0; i < 3; i += 1) expect((await compose(message)).text).toContain('100.00 EUR');
    expect(lines).toHaveLength(1);
  });

  test('logs why a code was worded otherwise, and nothing of what it says', async () => {
    const { compose, lines } = open(async () => project({}));
    await compose(message);
    expect(lines).toEqual([expect.stringContaining('template_has_no_confirm')]);
    expect(lines.join()).not.toMatch(/012345|100\.00|Corner|Acme/);
  });
});
