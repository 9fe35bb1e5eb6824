import { expect, test } from 'vitest';
import { keepCounts } from '../../../src/messaging/campaigns/kept-counts.ts';

const NEVER = 3_600_000;
const AT_ONCE = 0;

const newest = (value: number) => ({ value, isNewest: true });

/** A count that ends when it is told to. */
function counter() {
  const ends: { resolve(value: number): void; reject(error: Error): void }[] = [];
  return {
    ends,
    count: () => new Promise<number>((resolve, reject) => ends.push({ resolve, reject })),
  };
}

test('one count serves all who ask meanwhile, and those after it for nine times as long as it took', async () => {
  let now = 0;
  const { ends, count } = counter();
  const read = keepCounts<number>(() => now, NEVER);
  const asked = [read('a', count), read('a', count)];
  now = 100;
  ends[0]?.resolve(7);
  expect(await Promise.all(asked)).toEqual([newest(7), newest(7)]);
  now = 999;
  expect(await read('a', count)).toEqual(newest(7));
  expect(ends).toHaveLength(1);
  now = 1_000;
  const again = read('a', count);
  ends[1]?.resolve(8);
  expect(await again).toEqual(newest(8));
});

test('who cannot wait has the count before, or none, and the count goes on for the next', async () => {
  let now = 0;
  const { ends, count } = counter();
  const read = keepCounts<number>(() => now, AT_ONCE);
  expect(await read('a', count)).toBeNull();
  now = 10;
  ends[0]?.resolve(7);
  await expect.poll(() => read('a', count)).toEqual(newest(7));
  now = 1_000;
  expect(await read('a', count)).toEqual({ value: 7, isNewest: false });
  expect(ends).toHaveLength(2);
  expect(await read('b', count)).toBeNull();
});

test('a count that failed is told to who waits for it, and begun anew', async () => {
  const { ends, count } = counter();
  const read = keepCounts<number>(() => 0, NEVER);
  const failed = read('a', count);
  ends[0]?.reject(new Error('no database'));
  await expect(failed).rejects.toThrow('no database');
  const again = read('a', count);
  ends[1]?.resolve(7);
  expect(await again).toEqual(newest(7));
});
