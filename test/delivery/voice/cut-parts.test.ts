import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SpeechPart, SpokenPart } from '../../../src/delivery/provider.ts';
import { cutParts } from '../../../src/delivery/voice/cut-parts.ts';
import { toPlainSpeech } from '../../../src/delivery/voice/speech.ts';

const parts: fc.Arbitrary<SpeechPart> = fc.oneof(
  fc.array(fc.stringMatching(/^[a-zé]{1,9}$/), { minLength: 1, maxLength: 60 }).map((words) => ({
    say: words.join(' '),
  })),
  fc.record({ digits: fc.stringMatching(/^\d{4,10}$/) }),
  fc.record({ pauseMs: fc.nat(2_000) }),
);

const spoken = (script: readonly SpokenPart[], max: number) =>
  cutParts(script, max).map((piece) => ('speech' in piece ? piece.speech : []));

test('all is said, in order, and no piece is longer than a carrier takes', () => {
  fc.assert(
    fc.property(fc.array(parts), fc.integer({ min: 40, max: 200 }), (script, max) => {
      const pieces = spoken(script, max).map((piece) => toPlainSpeech(piece, 'en'));
      for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(max);
      const said = pieces.filter((piece) => piece !== '').join(' ');
      expect(said).toBe(toPlainSpeech(script, 'en'));
    }),
  );
});

test('what fits stays together', () => {
  const script: SpeechPart[] = [{ say: 'Your code is' }, { digits: '123456' }, { pauseMs: 700 }];
  expect(spoken(script, 600)).toEqual([script]);
  expect(cutParts([], 600)).toEqual([]);
});

test('a text without spaces is cut where it must be', () => {
  expect(
    spoken([{ say: '验'.repeat(25) }], 10).map((piece) => piece.map((part) => ('say' in part ? part.say.length : 0))),
  ).toEqual([[9], [9], [7]]);
});

test('a recording stands by itself, and silence beside it is left out', () => {
  const play = { recording: 'rec_1' };
  const stop = [{ pauseMs: 1_000 }, { say: 'Press 9.' }];
  expect(cutParts([play, { pauseMs: 1_000 }, play, ...stop], 600)).toEqual([play, play, { speech: stop }]);
  expect(cutParts([{ say: 'Hello.' }, play], 600)).toEqual([{ speech: [{ say: 'Hello.' }] }, play]);
});
