import { expect, test } from 'vitest';
import { createProviderSlots } from '../../src/delivery/provider-slots.ts';

const LONG_MS = 60_000;

test('others leave room for codes', async () => {
  const slots = createProviderSlots(3, 1);
  expect(await slots.enter('a', 'transactional', 0)).not.toBeNull();
  expect(await slots.enter('a', 'marketing', 0)).not.toBeNull();
  expect(await slots.enter('a', 'transactional', 0)).toBeNull();
  expect(await slots.enter('a', 'code', 0)).not.toBeNull();
  expect(await slots.enter('a', 'code', 0)).toBeNull();
  expect(await slots.enter('b', 'transactional', 0)).not.toBeNull();
});

test('whoever waits gets what becomes free, codes first', async () => {
  const slots = createProviderSlots(2, 1);
  const leave = await slots.enter('a', 'transactional', 0);
  const leaveCode = await slots.enter('a', 'code', 0);
  const order: string[] = [];
  const bulk = slots.enter('a', 'transactional', LONG_MS).then((next) => {
    order.push('bulk');
    return next;
  });
  const code = slots.enter('a', 'code', LONG_MS).then((next) => {
    order.push('code');
    return next;
  });
  leave?.();
  const next = await code;
  next?.();
  leaveCode?.();
  (await bulk)?.();
  expect(order).toEqual(['code', 'bulk']);
});

test('waiting ends, and a slot that is left twice is free once', async () => {
  const slots = createProviderSlots(1, 0);
  const leave = await slots.enter('a', 'code', 0);
  expect(await slots.enter('a', 'code', 1)).toBeNull();
  leave?.();
  leave?.();
  expect(await slots.enter('a', 'code', 0)).not.toBeNull();
  expect(await slots.enter('a', 'code', 0)).toBeNull();
});
