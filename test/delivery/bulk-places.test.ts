import { expect, test } from 'vitest';
import { createBulkPlaces } from '../../src/delivery/bulk-places.ts';

const LONG_MS = 60_000;
const open = () => createBulkPlaces((name) => ({ atOnce: name === 'large' ? 64 : 8 }));
const times = (count: number, name: string) => Array.from({ length: count }, () => name);

test('of what a provider takes at once, half is for many', async () => {
  const places = open();
  expect(await places.take(times(6, 'small'), 0)).toHaveLength(4);
  expect(await places.take(times(1, 'small'), 0)).toHaveLength(0);
  expect(await places.take(times(40, 'large'), 0)).toHaveLength(32);
});

test('of messages in a row those have places that are before the first without', async () => {
  const places = open();
  const wanted = ['small', 'large', ...times(4, 'small'), 'large'];
  expect(await places.take(wanted, 0)).toHaveLength(5);
});

test('whoever waits goes on when there is room for more than a few, and a place is left once', async () => {
  const places = open();
  const [first, ...held] = await places.take(times(32, 'large'), 0);
  const next = places.take(times(32, 'large'), LONG_MS);
  first?.();
  first?.();
  for (const leave of held.slice(0, 3)) leave();
  expect(await next).toHaveLength(4);
  expect(await places.take(times(1, 'large'), 0)).toHaveLength(0);
});

test('who waits for a provider that stands still does not keep others from theirs', async () => {
  const places = open();
  await places.take(times(4, 'small'), 0);
  const stuck = places.take(times(1, 'small'), 20);
  const held = await places.take(times(32, 'large'), 0);
  const next = places.take(times(1, 'large'), LONG_MS);
  held[0]?.();
  expect(await next).toHaveLength(1);
  expect(await stuck).toHaveLength(0);
});

test('of lines that calls keep, half is for many, whoever keeps them; nobody waits for one', async () => {
  const lines = { all: 10, busy: 0, together: 30 };
  const places = createBulkPlaces(() => ({ lines: () => lines }));
  const held = await places.take(times(8, 'trunk'), LONG_MS);
  expect(held).toHaveLength(5);
  lines.busy = 5;
  for (const leave of held) leave();
  expect(await places.take(times(8, 'trunk'), LONG_MS)).toHaveLength(0);
  lines.busy = 3;
  expect(await places.take(times(8, 'trunk'), LONG_MS)).toHaveLength(2);
});

test('no more calls begin together than half of what the carrier lets begin', async () => {
  const places = createBulkPlaces(() => ({ lines: () => ({ all: 100, busy: 0, together: 8 }) }));
  expect(await places.take(times(20, 'trunk'), 0)).toHaveLength(4);
});
