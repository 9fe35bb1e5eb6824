import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCodeTemplate } from '../../../src/delivery/wording/code-template.ts';
import { composeFromTemplate } from '../../../src/delivery/wording/compose-template.ts';
import { codeText, compose, languageOf, NAMES, payment } from './all-languages.ts';

const mail = (changes: object = {}) => compose({ channel: 'email', ...changes });

test('says the same in text and in HTML', () => {
  const { text, html = '', subject } = mail({ context: payment });
  expect(subject).toBe('Your Acme confirmation code');
  expect(text).toBe(
    [
      'Hello,',
      'Amount: 100.00 EUR\nTo: Corner Shop',
      'To confirm this in Acme, enter this code:',
      '012345',
      'It expires in 10 minutes.',
      'If you did not ask for this code, ignore this e-mail and give the code to nobody.',
    ].join('\n\n'),
  );
  const body = html
    .slice(html.indexOf('<main>'))
    .replaceAll(/<br>\n/g, '\n')
    .replaceAll(/<\/p>\n<p>/g, '\n\n');
  expect(body.replaceAll(/<[^>]+>/g, '').trim()).toBe(text);
});

test.each(NAMES)('%s: the code is on a line of its own and never in the subject', (locale) => {
  for (const context of [null, payment]) {
    const { text, subject = '', html = '' } = mail({ locale, context });
    expect(text.split('\n').filter((line) => line === '012345')).toHaveLength(1);
    expect(html.match(/>012345</g)).toHaveLength(1);
    expect(subject).toContain('Acme');
    expect(subject).not.toMatch(/\d|[\n\r]/);
  }
});

test.each([
  ['de', 'ltr'],
  ['ar', 'rtl'],
  ['he', 'rtl'],
  ['zh-Hant', 'ltr'],
])('%s: language and direction are marked: %s', (locale, direction) => {
  const { html = '' } = mail({ locale });
  expect(html).toContain(`<html lang="${locale}" dir="${direction}">`);
  expect(html).toContain(`<body lang="${locale}" dir="${direction}">`);
});

test('nothing is loaded and nothing runs', () => {
  for (const locale of NAMES) {
    expect(mail({ locale }).html).not.toMatch(
      /<(script|img|link|iframe|object|form|svg|base)|url\(|@import|https?:|src=|href=|\son\w+=/i,
    );
  }
});

describe('values are data', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      ...['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onclick='x", '&lt;b&gt;', '</bdi></p>'],
      ...['</style>', '<!--', '{{code}}', '\r\nBcc: a@b.example', '\u202e', '\u0000<b>'],
    ),
  );
  const tags = (html: string) => html.match(/<[^>]*>?/g);

  test('in every language: no value makes a tag, an attribute, an entity or a header', () => {
    fc.assert(
      fc.property(nasty, nasty, fc.constantFrom(...NAMES), (brand, payee, locale) => {
        const filled = mail({ brand, locale, context: { payee: payee === '' ? 'x' : payee } });
        const plain = mail({ brand: 'x', locale, context: { payee: 'x' } });
        expect(tags(filled.html ?? '')).toEqual(tags(plain.html ?? ''));
        expect(filled.html?.replaceAll(/&#\d+;/g, '')).not.toContain('&');
        expect(filled.subject).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  test('in a project’s words: neither its text nor a value is HTML', () => {
    const result = compileCodeTemplate({
      ...{ channel: 'email', locale: 'en', text: '<b>{{brand}}</b> & {{code}}\n\n"ok"', subject: '{{brand}} <i>' },
      ...{ confirm: null, confirmSubject: null, context: [] },
    });
    if (result.kind === 'invalid') throw new Error(JSON.stringify(result.errors));
    fc.assert(
      fc.property(nasty, (brand) => {
        const message = codeText({ channel: 'email', brand: brand.slice(0, 40) });
        const made = composeFromTemplate(message, result.template, languageOf('en'));
        if (made.kind !== 'ok') throw new Error(made.why);
        const { html = '', text } = made.composed;
        expect(html.match(/<(?!\/?(?:html|head|meta|title|style|body|main|p|bdi|strong)\b|!doctype|br>)/g)).toBeNull();
        expect(html).toContain('&#60;b&#62;<bdi>');
        expect(html.match(/>012345<\/strong>/g)).toHaveLength(1);
        expect(text).toContain('</b> & 012345\n\n"ok"');
      }),
    );
  });
});
