import { expect, test } from 'vitest';
import { canonicalJson } from '../../src/lib/canonical-json.ts';

test('members are sorted at every depth, and elements stay in their order', () => {
  const value = { b: [{ d: 1, c: null }, 'x', []], a: { '10': true, '9': -0.5 }, '': {} };
  expect(canonicalJson(value)).toBe('{"":{},"a":{"10":true,"9":-0.5},"b":[{"c":null,"d":1},"x",[]]}');
});

/** The example of RFC 8785 §3.2.3. */
test('names are sorted by their UTF-16 code units', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\u{1f600}': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  const names = Object.keys(JSON.parse(canonicalJson(value)));
  const text = canonicalJson(value);
  const places = ['\\r', '1', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33'].map((name) =>
    text.indexOf(`"${name}"`),
  );
  expect(names).toHaveLength(7);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places[0]).toBe(1);
});
