import { describe, expect, test } from 'vitest';
import { measureText } from '../../../src/lib/text/encode-text.ts';
import { CHANNELS, compose, HOST, languageOf, NAMES, payment, textOf } from './all-languages.ts';

/** Whose own words need no letter outside the GSM alphabet. */
const GSM = [
  'af',
  'ca',
  'da',
  'de',
  'en',
  'es',
  'et',
  'fi',
  'fil',
  'fr',
  'hr',
  'id',
  'it',
  'lt',
  'ms',
  'nb',
  'nl',
  'pl',
];
GSM.push('ro', 'sl', 'sv', 'sw', 'tr');

const TWELVE = 'Countersigns';

describe('a code by SMS', () => {
  test.each(NAMES)('%s: one segment holds a name of twelve letters, the code and its minutes', (locale) => {
    const sms = textOf({ locale, brand: TWELVE });
    expect(sms).toContain(TWELVE);
    expect(sms.match(/(?<!\d)012345(?!\d)/g)).toHaveLength(1);
    expect(sms).toMatch(/(?<!\d)10(?!\d)/);
    expect(measureText(sms).segments).toBe(1);
  });

  test.each(NAMES)('%s: the code comes early', (locale) => {
    expect(textOf({ locale, brand: TWELVE }).indexOf('012345')).toBeLessThan(45);
  });

  test('these languages stay inside the GSM alphabet, with the warning, for transactions and with the WebOTP line', () => {
    const inGsm = (changes: object) =>
      NAMES.filter((locale) => measureText(textOf({ locale, brand: TWELVE, ...changes })).encoding === 'gsm7').sort();
    expect(inGsm({})).toEqual([...GSM].sort());
    expect(inGsm({ context: payment })).toEqual([...GSM].sort());
    expect(inGsm({ origin: HOST })).toEqual([...GSM].sort());
    for (const locale of GSM) {
      const { secret } = languageOf(locale).wording;
      expect(textOf({ locale, brand: TWELVE, origin: HOST })).toContain(secret);
    }
  });

  test('the warning goes along while it costs no segment, and the code is never dropped for it', () => {
    const { secret } = languageOf('ru').wording;
    expect(textOf({ locale: 'ru' })).toContain(secret);
    const tight = textOf({ locale: 'ru', brand: 'Акционерный банк' });
    expect(tight).not.toContain(secret);
    expect(measureText(tight).segments).toBe(1);
    expect(tight).toContain('012345');
  });
});

describe('a transaction (OTP-28)', () => {
  const shape = (text: string) => text.replaceAll(/\d|Acme|[\u2068\u2069]/g, '').slice(0, 8);

  test.each(NAMES)('%s: shows amount and payee before the code and cannot be taken for a login', (locale) => {
    const lines = textOf({ locale, context: payment }).split('\n');
    expect(lines[0]).toContain('100.00 EUR');
    expect(lines[1]).toContain('Corner Shop');
    expect(lines[2]).toContain('012345');
    expect(shape(lines[2] ?? '')).not.toBe(shape(textOf({ locale })));
  });

  test('a code bound to anything shows it', () => {
    const context = { action: 'delete account', account_id: '17' };
    expect(textOf({ context })).toMatch(/^action: delete account\naccount id: 17\nTo confirm/);
  });

  test.each(NAMES)('%s: a call and an e-mail name amount and payee before the code', (locale) => {
    for (const channel of ['voice', 'email'] as const) {
      const text = textOf({ locale, channel, context: payment });
      expect(text.indexOf('100.00 EUR')).toBeGreaterThanOrEqual(0);
      expect(text.indexOf('Corner Shop')).toBeGreaterThan(0);
      expect(text.indexOf('Corner Shop')).toBeLessThan(text.search(/0\D*1\D*2\D*3/));
    }
  });
});

describe('a call', () => {
  test.each(NAMES)('%s: speaks the digits one by one, twice', (locale) => {
    const script = textOf({ locale, channel: 'voice' });
    expect(script).not.toContain('01');
    expect(script.match(/0\D+1\D+2\D+3\D+4\D+5/g)).toHaveLength(2);
    expect(script.replaceAll(/\D/g, '')).toBe('012345012345');
  });

  test.each(NAMES)('%s: says the same part by part', (locale) => {
    const { script } = compose({ locale, channel: 'voice', context: payment });
    const { hello, goodbye } = languageOf(locale).wording;
    expect(script).toMatchObject({ locale, greeting: hello, goodbye, repeats: 1 });
    const said = script?.body.map((part) => ('say' in part ? part.say : 'digits' in part ? part.digits : '…')) ?? [];
    expect(said.filter((part) => part === '012345')).toHaveLength(2);
    expect(said.slice(0, said.indexOf('012345')).join(' ')).toMatch(/100\.00 EUR.*Corner Shop/);
    expect(said.join(' ').match(/012345 …/g)).toHaveLength(2);
    expect(said.join('')).not.toMatch(/\p{Cc}/u);
  });
});

describe('direction', () => {
  test('right-to-left text isolates what would be reordered, and nothing else', () => {
    expect(textOf({ locale: 'ar' })).not.toMatch(/[\u2068\u2069]/);
    expect(textOf({ locale: 'ar', context: payment })).toContain('\u2068100.00 EUR\u2069');
    expect(textOf({ locale: 'he', brand: 'A&B 24' })).toContain('\u2068A&B 24\u2069');
  });

  test('a right-to-left name does not pull the code to its left', () => {
    expect(textOf({ locale: 'de', brand: 'שלום' })).toContain('\u2068שלום\u2069: 012345');
  });

  test.each(NAMES)('%s: digits are ASCII and can be copied as they are', (locale) => {
    for (const channel of CHANNELS) {
      const text = textOf({ locale, channel, context: payment });
      expect(text).not.toMatch(/(?![0-9])\p{Nd}/u);
      expect(text).not.toMatch(/\u2068012345/);
    }
  });
});

describe('how long it lives', () => {
  test.each([
    [600, '10 minutes'],
    [597, '10 minutes'],
    [594, '9 minutes'],
    [90, '1 minute'],
    [20, '1 minute'],
  ])('%i s are announced as %s', (validitySeconds, minutes) => {
    expect(textOf({ validitySeconds })).toContain(`in ${minutes}.`);
  });

  test.each([
    ['ru', 60, '1 минуту'],
    ['ru', 180, '3 минуты'],
    ['ru', 600, '10 минут'],
    ['ar', 60, 'دقيقة واحدة'],
    ['ar', 120, 'دقيقتين'],
    ['ar', 600, '10 دقائق'],
    ['sl', 120, '2 minuti'],
    ['ro', 300, '5 minute'],
    ['lv', 60, '1 minūti'],
  ])('%s: %i s take the form %s', (locale, validitySeconds, words) => {
    expect(textOf({ locale, validitySeconds })).toContain(`${words}.`);
  });
});
