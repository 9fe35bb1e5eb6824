import { expect, test } from 'vitest';
import { inParts } from '../../src/lib/in-parts.ts';

const items = Array.from({ length: 120 }, (_, index) => index);

/** Counts turns of the event loop while it is open. */
function countTurns() {
  const counter = { turns: 0, [Symbol.dispose]: () => clearImmediate(next) };
  let next = setImmediate(function turn() {
    counter.turns += 1;
    next = setImmediate(turn);
  });
  return counter;
}

test('all are done in order, and others have their turn before the last', async () => {
  using counter = countTurns();
  const seen = await inParts(items, (item) => ({ item, turns: counter.turns }));
  expect(seen.map(({ item }) => item)).toEqual(items);
  expect(seen[49]?.turns).toBe(0);
  expect(seen.at(-1)?.turns).toBeGreaterThan(0);
});

test('of all that is done in parts at a time, one part has a turn', async () => {
  using counter = countTurns();
  const begunIn: number[] = [];
  const note = () => begunIn.push(counter.turns);
  await Promise.all([inParts([1, 2, 3], note, 1), inParts([1, 2, 3], note, 1)]);
  const later = begunIn.slice(2);
  expect(new Set(later).size).toBe(later.length);
});

test('the next part does not wait for what the one before has begun', async () => {
  const first = Promise.withResolvers<string>();
  const begun: number[] = [];
  const work = (item: number) => {
    begun.push(item);
    if (item === 1) first.resolve('done');
    return item === 0 ? first.promise : 'done';
  };
  expect(await inParts([0, 1], work, 1)).toEqual(['done', 'done']);
  expect(begun).toEqual([0, 1]);
});

test('what fails in an early part is told when all have begun', async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item === 0) throw new Error('refused');
  };
  await expect(inParts([0, 1, 2], work, 1)).rejects.toThrow('refused');
  expect(begun).toEqual([0, 1, 2]);
});
