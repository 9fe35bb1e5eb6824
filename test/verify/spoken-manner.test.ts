import { expect, test } from 'vitest';
import { createPolicyResolver } from '../../src/verify/policy.ts';
import { mannerOf, USUAL_MANNER } from '../../src/verify/spoken-manner.ts';

const voiceOf = (voice: object) => mannerOf(createPolicyResolver({})({ voice }).voice);

test('a challenge carries nothing of the usual manner', () => {
  expect(voiceOf({})).toEqual({});
  expect(voiceOf({ press_key: '1', repeats: 2 })).toEqual({});
});

test('a challenge carries the manner of its project whole', () => {
  expect(voiceOf({ press_key: 'none' })).toEqual({ voice: { ...USUAL_MANNER, pressKey: null } });
  expect(voiceOf({ pace: 0.8, voice: 'female', brand: 'Example twenty-four', repeats: 3 })).toEqual({
    voice: { pressKey: '1', pace: 0.8, voice: 'female', brand: 'Example twenty-four', repeats: 3 },
  });
});
