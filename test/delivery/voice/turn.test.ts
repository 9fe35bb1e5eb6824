import { describe, expect, test } from 'vitest';
import type { SpokenPart, SpokenScript } from '../../../src/delivery/provider.ts';
import { type Awaited, firstTurn, nextTurn } from '../../../src/delivery/voice/turn.ts';
import { script, ungated } from './calls.ts';

const said = (parts: readonly SpokenPart[]) =>
  parts.map((part) =>
    'say' in part
      ? part.say
      : 'digits' in part
        ? part.digits
        : 'pauseMs' in part
          ? `(${part.pauseMs})`
          : part.recording,
  );

const body = ['Amount: 12.00 EUR.', 'To confirm, enter', '493027', '(700)', 'Once more', '493027'];

describe('a script behind a key', () => {
  test('begins with the greeting and what to press, and nothing of the body', () => {
    const turn = firstTurn(script);
    expect(said(turn.parts)).toEqual(['Hello. Example & Co.', 'To hear your code, press 1.']);
    expect(turn).toMatchObject({ awaits: 'gate' });
    expect(turn.heard).toBeUndefined();
  });

  test.each<[Awaited]>([['gate'], ['gate-again']])('%s: the key lets the body be said', (awaited) => {
    const turn = nextTurn(script, awaited, '1');
    expect(said(turn.parts)).toEqual([...body, 'Goodbye.']);
    expect(turn).toMatchObject({ awaits: null, heard: true });
  });

  test.each([null, '2', '#', '11', ''])('%j is asked once more, then the call ends without the body', (key) => {
    const again = nextTurn(script, 'gate', key);
    expect(said(again.parts)).toEqual(['To hear your code, press 1.']);
    expect(again.awaits).toBe('gate-again');
    const end = nextTurn(script, 'gate-again', key);
    expect(said(end.parts)).toEqual(['Goodbye.']);
    expect(end.awaits).toBeNull();
    expect([again.heard, end.heard]).toEqual([undefined, undefined]);
  });
});

test('without a gate the body is said to whoever answers', () => {
  const turn = firstTurn(ungated);
  expect(said(turn.parts)).toEqual(['Hello. Example & Co.', ...body, 'Goodbye.']);
  expect(turn).toMatchObject({ awaits: null, heard: true });
});

test('the body is repeated as often as the script says, with a pause between', () => {
  const turn = nextTurn({ ...script, repeats: 3 }, 'gate', '1');
  expect(said(turn.parts)).toEqual([...body, '(1000)', ...body, '(1000)', ...body, 'Goodbye.']);
});

test('a script without greeting and goodbye says nothing for them', () => {
  const bare: SpokenScript = { ...script, greeting: '', goodbye: ' ' };
  expect(said(firstTurn(bare).parts)).toEqual(['To hear your code, press 1.']);
  expect(nextTurn(bare, 'gate-again', null).parts).toEqual([]);
});

describe('who wants no more calls', () => {
  const optOut = { key: '9', prompt: 'Press 9 for no more calls.' };

  test.each<[Awaited]>([['gate'], ['gate-again'], ['opt-out']])('%s: the key ends the call', (awaited) => {
    const turn = nextTurn({ ...script, optOut }, awaited, '9');
    expect(said(turn.parts)).toEqual(['Goodbye.']);
    expect(turn).toMatchObject({ awaits: null, optedOut: true });
    expect(turn.heard).toBeUndefined();
  });

  test('is told how after the body, and any other key is a goodbye', () => {
    const turn = nextTurn({ ...script, optOut }, 'gate', '1');
    expect(said(turn.parts).slice(-2)).toEqual(['(1000)', 'Press 9 for no more calls.']);
    expect(turn).toMatchObject({ awaits: 'opt-out', heard: true });
    for (const key of [null, '1', '5']) {
      const end = nextTurn({ ...script, optOut }, 'opt-out', key);
      expect(said(end.parts)).toEqual(['Goodbye.']);
      expect(end).toEqual({ parts: [{ say: 'Goodbye.' }], awaits: null });
    }
  });
});

test('what was waited for is no key: a made-up wait does not open the body of an ungated script', () => {
  expect(nextTurn(ungated, 'gate', '1')).toEqual({ parts: [{ say: 'Goodbye.' }], awaits: null });
});
