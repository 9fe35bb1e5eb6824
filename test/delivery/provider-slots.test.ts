import { expect, test } from 'vitest';
import { createProviderSlots } from '../../src/delivery/provider-slots.ts';

const LONG_MS = 60_000;
/** One slot is for codes alone. */
const four = { name: 'a', atOnce: 4 };

test('others leave room for codes', async () => {
  const slots = createProviderSlots();
  for (const purpose of ['transactional', 'marketing', 'transactional'] as const) {
    expect(await slots.enter(four, purpose, 0)).not.toBeNull();
  }
  expect(await slots.enter(four, 'transactional', 0)).toBeNull();
  expect(await slots.enter(four, 'code', 0)).not.toBeNull();
  expect(await slots.enter(four, 'code', 0)).toBeNull();
  expect(await slots.enter({ ...four, name: 'b' }, 'transactional', 0)).not.toBeNull();
});

test('whoever waits gets what becomes free, codes first', async () => {
  const slots = createProviderSlots();
  const leave = await slots.enter(four, 'transactional', 0);
  const leaveCodes = [];
  for (let more = 0; more < 3; more += 1) leaveCodes.push(await slots.enter(four, 'code', 0));
  const order: string[] = [];
  const bulk = slots.enter(four, 'transactional', LONG_MS).then((next) => {
    order.push('bulk');
    return next;
  });
  const code = slots.enter(four, 'code', LONG_MS).then((next) => {
    order.push('code');
    return next;
  });
  leave?.();
  const next = await code;
  next?.();
  leaveCodes[0]?.();
  (await bulk)?.();
  expect(order).toEqual(['code', 'bulk']);
});

test('waiting ends, and a slot that is left twice is free once', async () => {
  const slots = createProviderSlots();
  const one = { name: 'a', atOnce: 1 };
  const leave = await slots.enter(one, 'code', 0);
  expect(await slots.enter(one, 'code', 1)).toBeNull();
  leave?.();
  leave?.();
  expect(await slots.enter(one, 'code', 0)).not.toBeNull();
  expect(await slots.enter(one, 'code', 0)).toBeNull();
});

test('a provider that does not say takes as many as there are connections', async () => {
  const slots = createProviderSlots();
  const provider = { name: 'a' };
  for (let taken = 0; taken < 64; taken += 1) expect(await slots.enter(provider, 'code', 0)).not.toBeNull();
  expect(await slots.enter(provider, 'code', 0)).toBeNull();
});
