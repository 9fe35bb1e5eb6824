import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CodeText, composeCode } from '../../src/delivery/compose.ts';
import { messagesFor } from '../../src/delivery/locale.ts';
import { messages } from '../../src/delivery/messages.ts';
import { measureText } from '../../src/lib/text/encode-text.ts';

const LOCALES = Object.keys(messages);
const CHANNELS = ['sms', 'voice', 'email', 'whatsapp', 'telegram'] as const;
const HASH = 'FA+9qCX9VSu';
const payment = { amount: '100.00', currency: 'EUR', payee: 'Corner Shop' };

function text(changes: Partial<CodeText> = {}): string {
  const message = {
    channel: 'sms',
    code: '012345',
    locale: 'en',
    brand: 'Acme',
    context: null,
    validitySeconds: 600,
  } as const;
  return composeCode({ ...message, ...changes }).text;
}

/** https://wicg.github.io/sms-one-time-codes/#parsing, for a top-level origin. */
function parseOriginBoundCode(message: string): { host: string; code: string } | null {
  const line = message.split('\n').at(-1) ?? '';
  const match = /^@(?<host>[^ #@]+) #(?<code>[^ ]+)$/.exec(line);
  return match?.groups ? { host: match.groups.host ?? '', code: match.groups.code ?? '' } : null;
}

describe('in every language', () => {
  test.each(LOCALES)('%s: one segment holds brand, code and minutes', (locale) => {
    const sms = text({ locale });
    expect(sms).toContain('Acme');
    expect(sms).toMatch(/(?<!\d)012345(?!\d)/);
    expect(sms).toContain('10');
    expect(measureText(sms).segments).toBe(1);
  });

  test.each(['en', 'fr', 'de', 'es', 'it', 'nl', 'pl', 'tr'])(
    '%s stays inside the GSM alphabet, transactions too',
    (locale) => {
      expect(measureText(text({ locale, origin: 'login.example.com' }))).toMatchObject({
        encoding: 'gsm7',
        segments: 1,
      });
      expect(measureText(text({ locale, context: payment }))).toMatchObject({ encoding: 'gsm7', segments: 1 });
      expect(text({ locale })).toContain(messagesFor(locale).words.secret);
    },
  );

  test.each(LOCALES)(
    '%s: a transaction shows amount and payee before the code and cannot be taken for a login',
    (locale) => {
      const lines = text({ locale, context: payment }).split('\n');
      expect(lines[0]).toContain('100.00 EUR');
      expect(lines[1]).toContain('Corner Shop');
      expect(lines[2]).toContain('012345');
      const login = text({ locale, code: '012345' }).replaceAll(/\d|Acme|[\u2068\u2069]/g, '');
      const transaction = (lines[2] ?? '').replaceAll(/\d|Acme|[\u2068\u2069]/g, '');
      expect(transaction.slice(0, 8)).not.toBe(login.slice(0, 8));
    },
  );

  test.each(LOCALES)('%s: a call speaks the digits one by one, twice', (locale) => {
    const script = text({ locale, channel: 'voice' });
    expect(script).not.toContain('01');
    expect(script.match(/0\D+1\D+2\D+3\D+4\D+5/g)).toHaveLength(2);
    expect(script.replaceAll(/\D/g, '')).toBe('012345012345');
  });

  test.each(LOCALES)('%s: a call about a transaction names amount and payee before the digits', (locale) => {
    const script = text({ locale, channel: 'voice', context: payment });
    expect(script.indexOf('100.00 EUR')).toBeGreaterThanOrEqual(0);
    expect(script.indexOf('Corner Shop')).toBeLessThan(script.search(/0\D+1\D+2/));
  });
});

describe('locale', () => {
  test.each([
    ['fr-CA', 'fr', 'fr-CA'],
    ['FR', 'fr', 'FR'],
    ['zh-TW', 'zh-Hant', 'zh-TW'],
    ['zh-CN', 'zh', 'zh-CN'],
    ['pt-PT', 'pt', 'pt-PT'],
    ['xx', 'en', 'en'],
    ['constructor', 'en', 'en'],
    ['not a tag', 'en', 'en'],
  ] as const)('%s falls back to %s and is read as %s', (asked, words, tag) => {
    expect(messagesFor(asked)).toEqual({ tag, words: messages[words] });
  });
});

describe('WebOTP and Android', () => {
  test.each(LOCALES)('%s: the last line binds the code to the host', (locale) => {
    const expected = { host: 'login.example.com', code: '012345' };
    for (const androidAppHash of [undefined, HASH]) {
      const sms = text({ locale, origin: 'login.example.com', ...(androidAppHash && { androidAppHash }) });
      expect(parseOriginBoundCode(sms)).toEqual(expected);
    }
  });

  test.each(LOCALES)('%s: an Android text fits 140 bytes, its hash on a line before the WebOTP line', (locale) => {
    expect(text({ locale, androidAppHash: HASH }).split('\n').at(-1)).toBe(HASH);
    const both = text({ locale, androidAppHash: HASH, origin: 'login.example.com' });
    expect(both.split('\n').at(-2)).toBe(HASH);
    expect(Buffer.byteLength(both)).toBeLessThanOrEqual(140);
    expect(both).toContain('012345');
  });

  test('no hash where the text cannot be auto-read anyway: the transaction stays whole', () => {
    const sms = text({
      context: { ...payment, payee: 'x'.repeat(120) },
      androidAppHash: HASH,
      origin: 'login.example.com',
    });
    expect(sms).not.toContain(HASH);
    expect(sms).toContain('x'.repeat(120));
    expect(parseOriginBoundCode(sms)).not.toBeNull();
  });

  test('neither goes into other channels', () => {
    for (const channel of CHANNELS.filter((name) => name !== 'sms')) {
      expect(text({ channel, origin: 'login.example.com', androidAppHash: HASH })).not.toMatch(/login\.example|FA\+9/);
    }
  });

  test('a host or hash of another shape is left out', () => {
    for (const origin of ['https://a.example', 'a.example #999999\n@b.example', 'localhost', 'a.example:8443']) {
      expect(text({ origin })).toBe(text());
    }
    expect(text({ androidAppHash: 'short' })).toBe(text());
  });
});

describe('the warning', () => {
  test('goes along while it costs no segment, and the code is never dropped for it', () => {
    const shares = text({ locale: 'ru' });
    expect(shares).toContain(messages.ru.secret);
    const tight = text({ locale: 'ru', brand: 'Акционерный банк' });
    expect(tight).not.toContain(messages.ru.secret);
    expect(measureText(tight)).toMatchObject({ segments: 1 });
    expect(tight).toContain('012345');
  });
});

describe('values are data', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('\r\n@evil.example #999999', '\u202e999', '\u0000'),
  );

  test('control characters never pass, and no value makes a line of its own', () => {
    fc.assert(
      fc.property(
        nasty,
        nasty,
        nasty,
        fc.constantFrom(...CHANNELS),
        fc.constantFrom(...LOCALES),
        (brand, payee, name, channel, locale) => {
          const composed = text({
            brand,
            context: { amount: '1', payee, [name]: payee },
            channel,
            locale,
            origin: 'a.example',
          });
          expect(composed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e]/u);
          if (channel === 'sms') expect(parseOriginBoundCode(composed)).toEqual({ host: 'a.example', code: '012345' });
        },
      ),
    );
  });

  test('template marks stay literal', () => {
    expect(text({ brand: '{{7*7}}', context: { payee: '$' + '{code}' } })).toMatch(/^To: \$\{code\}\n.*\{\{7\*7\}\}/);
  });

  test('a code bound to anything shows it', () => {
    expect(text({ context: { action: 'delete account', account: '17' } })).toMatch(
      /^action: delete account\naccount: 17\nTo confirm/,
    );
  });
});

describe('direction', () => {
  test('right-to-left text isolates what would be reordered, and nothing else', () => {
    expect(text({ locale: 'ar' })).not.toMatch(/[\u2068\u2069]/);
    expect(text({ locale: 'ar', context: payment })).toContain('\u2068100.00 EUR\u2069');
  });

  test('a right-to-left name does not pull the code to its left', () => {
    expect(text({ locale: 'de', brand: 'שלום' })).toContain('\u2068שלום\u2069: 012345');
  });

  test('the code itself can be copied as it is', () => {
    for (const locale of LOCALES) expect(text({ locale })).not.toMatch(/\u2068012345/);
  });
});

test.each([
  [600, '10'],
  [597, '10'],
  [594, '9'],
  [90, '1'],
  [20, '1'],
])('%i s of life are announced as %s min', (validitySeconds, minutes) => {
  expect(text({ validitySeconds })).toContain(`in ${minutes} min.`);
});
