import { expect, test } from 'vitest';
import { createSlices } from '../../../src/messaging/campaigns/slices.ts';

const QUICK_MS = 1;
const SLOW_MS = 1_000;

function rig() {
  const codes = { about: false };
  const slices = createSlices({ isAbout: () => codes.about });
  const answered = (ms: number) => slices.took('cmp', slices.size('cmp'), ms);
  return { codes, slices, answered };
}

test('a slice doubles while its answers come together, up to its most, and halves when the last comes late', () => {
  const { slices, answered } = rig();
  const sizes = [QUICK_MS, QUICK_MS, QUICK_MS, SLOW_MS].map((ms) => {
    answered(ms);
    return slices.size('cmp');
  });
  expect(sizes).toEqual([64, 128, 128, 64]);
});

test('while codes are about slices are small, and afterwards as they were', () => {
  const { codes, slices, answered } = rig();
  answered(QUICK_MS);
  answered(QUICK_MS);
  codes.about = true;
  expect(slices.size('cmp')).toBe(32);
  answered(QUICK_MS);
  expect(slices.size('cmp')).toBe(32);
  codes.about = false;
  expect(slices.size('cmp')).toBe(128);
});

test('slow carriers get smaller ones still', () => {
  const { codes, slices, answered } = rig();
  codes.about = true;
  answered(SLOW_MS);
  expect(slices.size('cmp')).toBe(16);
});
