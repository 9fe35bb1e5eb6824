import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeXml, toPlainSpeech, toSsml } from '../../../src/delivery/voice/speech.ts';

test('digits stand alone, with a break between', () => {
  expect(toSsml([{ say: 'Your code is' }, { digits: '102' }, { pauseMs: 700 }, { say: 'Bye.' }])).toBe(
    'Your code is<break time="200ms"/>1<break time="350ms"/>0<break time="350ms"/>2' +
      '<break time="200ms"/><break time="700ms"/><break time="200ms"/>Bye.',
  );
});

test('a pace is a rate around it all', () => {
  expect(toSsml([{ say: 'Hello.' }], 0.8)).toBe('<prosody rate="80%">Hello.</prosody>');
  expect(toSsml([{ say: 'Hello.' }], 1)).toBe('Hello.');
  expect(toSsml([], 0.8)).toBe('');
});

test('what is said cannot become a tag or an attribute', () => {
  const payee = `</Say><Play>https://evil.example/?a=1&b="2'</Play>`;
  expect(toSsml([{ say: payee }])).not.toMatch(/<(?!break)/);
  expect(escapeXml(payee)).toBe('&lt;/Say&gt;&lt;Play&gt;https://evil.example/?a=1&amp;b=&quot;2&apos;&lt;/Play&gt;');
});

test('no text makes more than text, nor what XML does not have', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0x10ffff)), (points) => {
      const text = String.fromCodePoint(...points);
      expect(escapeXml(text)).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|apos);)/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      expect(escapeXml(text)).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/u);
    }),
  );
});

test.each([
  ['en', 'Code 1, 0, 2. Bye.'],
  ['zh-TW', 'Code 1、0、2. Bye.'],
  ['ja', 'Code 1、0、2. Bye.'],
  ['ar-EG', 'Code 1، 0، 2. Bye.'],
])('%s: plain text has commas for pauses', (locale, expected) => {
  expect(toPlainSpeech([{ say: 'Code' }, { digits: '102' }, { pauseMs: 700 }, { say: 'Bye.' }], locale)).toBe(expected);
});
