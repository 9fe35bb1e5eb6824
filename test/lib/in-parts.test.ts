import { expect, test } from 'vitest';
import { inParts } from '../../src/lib/in-parts.ts';

test('all are done in order, and others have their turn before the last', async () => {
  const items = Array.from({ length: 120 }, (_, index) => index);
  let turns = 0;
  setImmediate(() => {
    turns += 1;
  });
  const seen = await inParts(items, (item) => ({ item, turns }));
  expect(seen.map(({ item }) => item)).toEqual(items);
  expect(seen[0]?.turns).toBe(0);
  expect(seen.at(-1)?.turns).toBe(1);
});
