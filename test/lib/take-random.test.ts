import { expect, test } from 'vitest';
import { takeRandom } from '../../src/lib/take-random.ts';

test('random bytes are given out once, however many are asked for', () => {
  const sizes = [16, 26, 1, 8_000, 9_000, 16, 16];
  const taken = Array.from({ length: 500 }, () => sizes.map((size) => takeRandom(size))).flat();
  expect(taken.map(({ length }) => length)).toEqual(Array.from({ length: 500 }, () => sizes).flat());
  const salts = taken.filter(({ length }) => length === 16).map((bytes) => bytes.toString('hex'));
  expect(new Set(salts).size).toBe(salts.length);
});

test('what has been given out stays as it was', () => {
  const first = takeRandom(16);
  const before = first.toString('hex');
  for (let i = 0; i < 2_000; i += 1) takeRandom(16);
  expect(first.toString('hex')).toBe(before);
});
