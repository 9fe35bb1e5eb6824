import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SpokenPart, SpokenScript } from '../../../src/delivery/provider.ts';
import { createCallStates } from '../../../src/delivery/voice/call-state.ts';
import { composeCode } from '../../../src/delivery/wording/compose.ts';
import { LOCALES, loadLocale } from '../../../src/delivery/wording/locales.ts';
import { NOW, state } from '../providers/provider-rig.ts';
import { script, ungated } from './calls.ts';

const states = createCallStates(state);
const TTL = 600_000;
const reference = 'msg_0123456789abcdefghjkmnpqrs-1';
const named = { reference, to: '+33612345678', from: '+15005550006' };

const parts: fc.Arbitrary<SpokenPart> = fc.oneof(
  fc.record({ say: fc.string() }),
  fc.record({ digits: fc.stringMatching(/^\d{1,10}$/) }),
  fc.record({ pauseMs: fc.nat(5_000) }),
  fc.record({ recording: fc.stringMatching(/^rec_[0-9a-z]{26}$/) }),
);
const key = fc.record({ key: fc.constantFrom('1', '9', '#'), prompt: fc.string() });
const scripts: fc.Arbitrary<SpokenScript> = fc.record(
  {
    locale: fc.constantFrom('en', 'zh-Hant'),
    greeting: fc.string(),
    gate: key,
    body: fc.array(parts),
    repeats: fc.integer({ min: 1, max: 5 }),
    goodbye: fc.string(),
    optOut: key,
    voice: fc.string({ minLength: 1 }),
    pace: fc.constantFrom(0.5, 0.8, 1.25),
  },
  { requiredKeys: ['locale', 'greeting', 'body', 'repeats', 'goodbye'] },
);

test('a script comes back as it was', () => {
  fc.assert(
    fc.property(scripts, (script) => {
      const opened = states.open(states.seal({ ...named, script }, TTL, NOW), NOW);
      expect(opened).toEqual({ ...named, script });
    }),
  );
});

test('no longer than the code lives', () => {
  const sealed = states.seal({ ...named, script }, TTL, NOW);
  expect(states.open(sealed, NOW + TTL - 1)?.reference).toBe(reference);
  expect(states.open(sealed, NOW + TTL)).toBeNull();
});

test('what a report needs says whether there was a gate, for two days', () => {
  const gated = states.sealEnd({ reference, script }, NOW);
  expect(states.openEnd(gated, NOW + 47 * 3_600_000)).toEqual({ reference, gated: true });
  expect(states.openEnd(gated, NOW + 48 * 3_600_000)).toBeNull();
  const open = states.sealEnd({ reference, script: ungated }, NOW);
  expect(states.openEnd(open, NOW)).toEqual({ reference, gated: false });
});

describe('neither opens as the other', () => {
  test('a script is no report', () => {
    expect(states.openEnd(states.seal({ ...named, script }, TTL, NOW), NOW)).toBeNull();
  });
  test('a report is no script', () => {
    expect(states.open(states.sealEnd({ reference, script }, NOW), NOW)).toBeNull();
  });
});

test.each([null, undefined, '', 'x', '.', state.seal('[9,"other version"]', TTL, NOW)])('%j is nothing', (sealed) => {
  expect(states.open(sealed, NOW)).toBeNull();
  expect(states.openEnd(sealed, NOW)).toBeNull();
});

test.each([...LOCALES])('%s: the longest usual script of a transaction fits into a URL', async (name) => {
  const wording = await loadLocale(name);
  const { script: composed } = composeCode(
    {
      channel: 'voice',
      code: '0123456789',
      locale: name,
      brand: 'B'.repeat(40),
      context: { amount: '1,234,567.89', currency: 'EUR', payee: 'P'.repeat(120) },
      validitySeconds: 600,
    },
    { tag: name, name, wording },
  );
  if (!composed) throw new Error('no script');
  const call = { ...named, script: { ...composed, gate: { key: '1', prompt: wording.pressToHear } } };
  expect(states.seal(call, TTL, NOW).length).toBeLessThan(1_700);
});
