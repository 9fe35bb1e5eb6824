import { describe, expect, it } from 'vitest';
import { compileTemplate } from '../../../src/messaging/templates/compile-template.ts';
import { renderTemplate } from '../../../src/messaging/templates/render-template.ts';
import type { TemplateContent, Value, Variable, Variants } from '../../../src/messaging/templates/template.ts';

function compile(content: TemplateContent) {
  const result = compileTemplate(content);
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.errors));
  return result.compiled;
}

/** What a value becomes in an SMS, or why it does not. */
function show(variable: Variable, value: Value, locale = 'en'): string {
  const compiled = compile({
    variables: { v: variable },
    default_locale: locale,
    locales: { [locale]: { sms: { text: '{{v}}' } } },
  });
  const result = renderTemplate(compiled, { channel: 'sms', variables: { v: value } });
  if (result.kind === 'ok') return result.message.text;
  const [error] = result.errors;
  expect(error?.pointer).toBe('/variables/v');
  return `! ${error?.message}`;
}

const STRING = { type: 'string' } as const;

describe('a value is written as the reader’s language writes it', () => {
  it.each<[Variable, Value, string, string]>([
    [{ type: 'number' }, 1234.5, 'de', '1.234,5'],
    [{ type: 'number', decimals: 2 }, '0.1', 'en', '0.10'],
    [{ type: 'number' }, '900719925474099.123456', 'en', '900,719,925,474,099.123456'],
    [{ type: 'money' }, { amount: '12.50', currency: 'EUR' }, 'fr', '12,50 €'],
    [{ type: 'money' }, { amount: '1200', currency: 'JPY' }, 'en', '¥1,200'],
    [{ type: 'date' }, '2027-01-31', 'en', 'January 31, 2027'],
    [{ type: 'date', time_zone: 'America/New_York' }, '2027-01-31', 'en', 'January 31, 2027'],
    [{ type: 'date', time_zone: 'America/New_York', style: 'short' }, '2027-01-31T02:00:00Z', 'en', '1/30/27'],
    [{ type: 'date', format: 'time', time_zone: 'Europe/Paris' }, '2027-01-31T02:00:00Z', 'fr', '03:00'],
    [{ type: 'url' }, 'https://Shop.Example/a b', 'en', 'https://shop.example/a%20b'],
  ])('%j %j %s', (variable, value, locale, shown) => {
    expect(show(variable, value, locale)).toBe(shown);
  });
});

describe('a value of another kind is refused', () => {
  it.each<[Variable, Value, RegExp]>([
    [STRING, 7, /not a text/],
    [STRING, ' ', /empty/],
    [{ type: 'string', max_length: 3 }, 'abcd', /longer than 3/],
    [{ type: 'number' }, '1e5', /not a number/],
    [{ type: 'number' }, '0x10', /not a number/],
    [{ type: 'money' }, '12.50', /amount/],
    [{ type: 'money' }, { amount: '1', currency: 'XXZ' }, /ISO 4217/],
    [{ type: 'date' }, '2027-02-30', /calendar/],
    [{ type: 'date' }, 'tomorrow', /not a date/],
    [{ type: 'date', format: 'time' }, '2027-01-31', /needs a time/],
    [{ type: 'url' }, 'http://shop.example', /https/],
    [{ type: 'url' }, 'javascript:alert(1)', /https/],
    [{ type: 'url' }, 'https://bank.example@evil.example', /user/],
    [{ type: 'url' }, 'https://10.0.0.1/', /host name/],
    [{ type: 'url' }, 'https://2130706433/', /host name/],
    [{ type: 'url', hosts: ['shop.example'] }, 'https://shop.example.evil.com/', /none of the variable/],
    [{ type: 'url', hosts: ['shop.example'] }, 'https://notshop.example/', /none of the variable/],
  ])('%j %j', (variable, value, why) => {
    expect(show(variable, value)).toMatch(/^!/);
    expect(show(variable, value)).toMatch(why);
  });
});

describe('a string cannot bring a link, a line or a mark of its own', () => {
  it.each([
    ...[
      'http://evil.com',
      'see evil.com',
      'WWW.EVIL.CO.UK',
      'evil。com',
      'ｅｖｉｌ．ｃｏｍ',
      'e\u200dvil.c\u200dom',
      '10.1.2.3',
    ],
    ...['пример.рф', 'xn--e1a.xn--p1ai', 'ann@evil.com', 'evil.com/x', 'tg://resolve', '[2001:db8::1]'],
    ...['a\nb', 'a\r\nBcc: x', 'a\0', '\u202eabc', '\u2066a', 'a\u200b', '\ufeffa', '\u2028', '\ud800', '\u001b[31m'],
  ])('%j', (value) => {
    expect(show(STRING, value)).toMatch(/^!/);
  });

  it.each(['Ann', "O'Neil-Smith Jr.", 'J. R. R.', 'Łukasz', 'محمد', '山田太郎', '👩\u200d🚀', 'a.m.', '3.50', 'No. 7'])(
    'but may be %j',
    (value) => {
      // Letters of another direction are kept apart from what stands around them.
      expect(show(STRING, value).replace(/[\u2068\u2069]/g, '')).toBe(value);
    },
  );

  it.each(['{{7*7}}', '$'.concat('{7*7}'), '<%= 7 %>', '{{constructor}}', '{{v}}', '#{7}'])(
    '%s arrives literally',
    (value) => {
      expect(show(STRING, value)).toBe(value);
    },
  );
});

it('names of every object are no variables', () => {
  const compiled = compile({
    variables: { v: STRING },
    default_locale: 'en',
    locales: { en: { sms: { text: '{{v}}' } } },
  });
  const given = JSON.parse('{"constructor":"x","__proto__":"y"}');
  const result = renderTemplate(compiled, { channel: 'sms', variables: given });
  expect(result).toMatchObject({
    kind: 'invalid',
    errors: [{ pointer: '/variables/constructor' }, { pointer: '/variables/__proto__' }, { message: 'is required' }],
  });
});

describe('a template is refused with the place of what is wrong', () => {
  const variables: Record<string, Variable> = { v: STRING, u: { type: 'url' } };
  const all = '{{v}} {{u}}';
  it.each<[string, Partial<TemplateContent> | { en: Variants }, string, RegExp]>([
    ['an unknown name', { en: { sms: { text: `${all} {{w}}` } } }, '/locales/en/sms/text', /no variable w/],
    ['an expression', { en: { sms: { text: `${all} {{ v | upcase }}` } } }, '/locales/en/sms/text', /only the name/],
    ['an unused variable', { en: { sms: { text: '{{v}}' } } }, '/variables/u', /used by no text/],
    ['no default locale', { default_locale: 'fr' }, '/default_locale', /no words/],
    [
      'no time zone',
      { variables: { v: STRING, u: { type: 'date', time_zone: 'Mars' } } },
      '/variables/u/time_zone',
      /time zone/,
    ],
    [
      'a default that is none',
      { variables: { v: { type: 'string', default: 'a.com' }, u: { type: 'url' } } },
      '/variables/v/default',
      /link/,
    ],
    [
      'a string in a tag',
      { en: { email: { subject: 's', text: all, html: '<a href="{{v}}">x</a>' } } },
      '/locales/en/email/html',
      /only a url/,
    ],
    [
      'no quotes',
      { en: { email: { subject: 's', text: all, html: '<a href={{u}}>x</a>' } } },
      '/locales/en/email/html',
      /in quotes/,
    ],
    [
      'a script',
      { en: { email: { subject: 's', text: all, html: '<script>1</script>' } } },
      '/locales/en/email/html',
      /no place/,
    ],
    [
      'a handler',
      { en: { email: { subject: 's', text: all, html: '<p onclick="x">a</p>' } } },
      '/locales/en/email/html',
      /no place/,
    ],
    [
      'a style',
      { en: { email: { subject: 's', text: all, html: '<style>a{color:{{v}}}</style>' } } },
      '/locales/en/email/html',
      /style sheet/,
    ],
    [
      'an open tag',
      { en: { email: { subject: 's', text: all, html: '<a href="{{u}}' } } },
      '/locales/en/email/html',
      /opens no tag/,
    ],
    ['two lines', { en: { email: { subject: 'a\nb', text: all } } }, '/locales/en/email/subject', /one line/],
  ])('%s', (_, change, pointer, message) => {
    const locales = 'en' in change ? { en: change.en } : { en: { sms: { text: all } } };
    const result = compileTemplate({ variables, default_locale: 'en', locales, ...('en' in change ? {} : change) });
    expect(result).toMatchObject({
      kind: 'invalid',
      errors: expect.arrayContaining([{ pointer, message: expect.stringMatching(message) }]),
    });
  });

  it('a channel that the default locale lacks', () => {
    const locales = { en: { sms: { text: all } }, fr: { voice: { text: all } } };
    expect(compileTemplate({ variables, default_locale: 'en', locales })).toMatchObject({
      kind: 'invalid',
      errors: [{ pointer: '/locales/fr/voice' }],
    });
  });
});

describe('HTML that would run, or hide where it ends, is refused', () => {
  const html = (source: string) => {
    const locales = { en: { email: { subject: 's', text: '{{u}}', html: source } } };
    return compileTemplate({ variables: { u: { type: 'url' } }, default_locale: 'en', locales }).kind;
  };
  it.each([
    ...['<ScRiPt>', '<img src=x onerror=alert(1)>', "<a href='javascript:x'>a</a>", '<a/onclick=x>', '<svg/onload=x>'],
    ...['<a href="\'{{u}}">x<', '< script>', '<a title="x" {{u}}>', '<a href="x', 'a < b', '<p <b>'],
    ...[`<${' '.repeat(50_000)}script>`, '<"<"'.repeat(15_000), '<style '.repeat(8_000)],
  ])('%.40s', (source) => {
    expect(html(source)).toBe('invalid');
  });
  it.each([
    '<!doctype html><style>a { color: red }</style><p title="a > b">x<br/>{{u}}</p><!-- b -->',
    '<a style="color:red" href="{{u}}?from=mail">a &lt; b</a>',
  ])('but not %.40s', (source) => {
    expect(html(source)).toBe('ok');
  });
});

it('a locale is found in its nearest form, else the default one speaks', () => {
  const say = (text: string) => ({ sms: { text } });
  const compiled = compile({
    variables: {},
    default_locale: 'de',
    locales: { de: say('de'), en: say('en'), 'pt-BR': say('br'), 'zh-Hant': say('hant') },
  });
  const spoken = (locale?: string) => {
    const result = renderTemplate(compiled, { channel: 'sms', locale, variables: {} });
    return result.kind === 'ok' ? result.message.text : result.errors;
  };
  expect([undefined, 'de-AT', 'en-GB', 'pt-BR', 'zh-TW', 'ja', 'pt'].map(spoken)).toEqual([
    ...['de', 'de', 'en', 'br', 'hant', 'de', 'de'],
  ]);
});
