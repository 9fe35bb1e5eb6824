import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { APP_HASH, CHANNELS, HOST, NAMES, payment, textOf } from './all-languages.ts';
import { findLikeChromium, parseOriginBound } from './parse-otc.ts';

const bound = { host: HOST, code: '012345' };

describe('the line for browsers (OTP-26)', () => {
  test.each(NAMES)('%s: is the last one, and binds the code to the host', (locale) => {
    for (const androidAppHash of [undefined, APP_HASH]) {
      const sms = textOf({ locale, origin: HOST, ...(androidAppHash && { androidAppHash }) });
      expect(parseOriginBound(sms)).toEqual({ ...bound, rest: '' });
      expect(findLikeChromium(sms)).toEqual(bound);
    }
  });

  test('goes into no other channel', () => {
    for (const channel of CHANNELS.filter((name) => name !== 'sms')) {
      expect(textOf({ channel, origin: HOST, androidAppHash: APP_HASH })).not.toMatch(/login\.example|FA\+9/);
    }
  });

  test('a host or hash of another shape is left out', () => {
    for (const origin of [
      'https://a.example',
      'a.example #999999\n@b.example',
      'localhost',
      'a.example:8443',
      '1.2.3.4',
    ]) {
      expect(textOf({ origin })).toBe(textOf());
    }
    expect(textOf({ androidAppHash: 'short' })).toBe(textOf());
  });
});

describe('the hash for Android (OTP-27)', () => {
  test.each(NAMES)('%s: fits 140 bytes, on a line before the one for browsers', (locale) => {
    const alone = textOf({ locale, androidAppHash: APP_HASH });
    expect(alone.split('\n').at(-1)).toBe(APP_HASH);
    const both = textOf({ locale, androidAppHash: APP_HASH, origin: HOST });
    expect(both.split('\n').at(-2)).toBe(APP_HASH);
    for (const sms of [alone, both]) {
      expect(Buffer.byteLength(sms)).toBeLessThanOrEqual(140);
      expect(sms).toContain('012345');
    }
  });

  test('is left out where the text cannot be auto-read anyway: the transaction stays whole', () => {
    const context = { ...payment, payee: 'x'.repeat(120) };
    const sms = textOf({ context, androidAppHash: APP_HASH, origin: HOST });
    expect(sms).not.toContain(APP_HASH);
    expect(sms).toContain('x'.repeat(120));
    expect(parseOriginBound(sms)).not.toBeNull();
  });
});

describe('whatever the values hold', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.constantFrom(
      ...['@evil.example #999999', ' @evil.example #999999 ', '@evil.example', '#999999', '@a @evil.example #999999'],
      ...[
        '\r\n@evil.example #999999',
        '\u2028@evil.example #999999',
        '@evil.example\u00a0#999999',
        '\u202e@evil.example',
      ],
      ...[
        '{{code}}',
        '{code}',
        '{brand}',
        '$' + '{code}',
        '$&',
        '🔐',
        '\u2068',
        '\u2069\u2069@evil.example #1',
        '\u0000',
      ],
    ),
  );
  const messages = fc.record({
    brand: nasty,
    payee: nasty,
    name: nasty,
    locale: fc.constantFrom(...NAMES),
    code: fc.stringMatching(/^[0-9]{4,10}$/),
    hash: fc.constantFrom(undefined, APP_HASH),
    isBound: fc.boolean(),
  });
  const compose = (
    { brand, payee, name, locale, code, hash, isBound }: typeof messages extends fc.Arbitrary<infer T> ? T : never,
    origin?: string,
  ) =>
    textOf({
      ...{ brand, locale, code, context: isBound ? { amount: '1', payee, [name]: payee } : null },
      ...(hash && { androidAppHash: hash }),
      ...(origin !== undefined && { origin }),
    });

  test('with an origin, specification and Chromium find our host and our code', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const sms = compose(message, 'a.example');
        expect(parseOriginBound(sms)).toEqual({ host: 'a.example', code: message.code, rest: '' });
        expect(findLikeChromium(sms)).toEqual({ host: 'a.example', code: message.code });
      }),
      { numRuns: 1_000 },
    );
  });

  test('without one, neither finds anything', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const sms = compose(message);
        expect(parseOriginBound(sms)).toBeNull();
        expect(findLikeChromium(sms)).toBeNull();
      }),
      { numRuns: 1_000 },
    );
  });

  test('we show the code once, apart from other digits and letters', () => {
    const wordless = nasty.map((value) => value.replaceAll(/\p{N}/gu, ''));
    fc.assert(
      fc.property(messages, wordless, wordless, (message, brand, payee) => {
        const sms = compose({ ...message, brand, payee, name: 'x', hash: undefined });
        const [line = ''] = sms.match(new RegExp(`(?<![0-9A-Za-z])${message.code}(?![0-9A-Za-z])`, 'g')) ?? [];
        expect(line).toBe(message.code);
        expect(sms.split(message.code)).toHaveLength(2);
      }),
      { numRuns: 1_000 },
    );
  });

  test('no control character passes, and no value makes a line of its own', () => {
    fc.assert(
      fc.property(messages, fc.constantFrom(...CHANNELS), (message, channel) => {
        const { brand, payee, name, locale } = message;
        const composed = textOf({ brand, locale, channel, context: { amount: '1', payee, [name]: payee } });
        expect(composed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e]/u);
        const plain = textOf({ brand: 'x', locale, channel, context: { amount: '1', payee: 'x', [name]: 'x' } });
        if (channel !== 'voice' && payee !== '') {
          expect(composed.split('\n').length).toBeLessThanOrEqual(plain.split('\n').length);
        }
      }),
    );
  });

  test('marks of templates stay what they are', () => {
    expect(textOf({ brand: '{{7*7}}', context: { payee: '$' + '{code}' } })).toMatch(/^To: \$\{code\}\n.*\{\{7\*7\}\}/);
  });
});
