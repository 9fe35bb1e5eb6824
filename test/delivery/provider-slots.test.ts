import { expect, test } from 'vitest';
import type { Purpose } from '../../src/delivery/provider.ts';
import { createProviderSlots } from '../../src/delivery/provider-slots.ts';

const LONG_MS = 60_000;
const of = (purpose: Purpose, project = 'prj_a') => ({ project, purpose });
const [code, transactional] = [of('code'), of('transactional')];
/** One slot is for codes alone. */
const four = { name: 'a', atOnce: 4 };

test('others leave room for codes', async () => {
  const slots = createProviderSlots();
  for (const purpose of ['transactional', 'marketing', 'transactional'] as const) {
    expect(await slots.enter(four, of(purpose), 0)).not.toBeNull();
  }
  expect(await slots.enter(four, transactional, 0)).toBeNull();
  expect(await slots.enter(four, code, 0)).not.toBeNull();
  expect(await slots.enter(four, code, 0)).toBeNull();
  expect(await slots.enter({ ...four, name: 'b' }, transactional, 0)).not.toBeNull();
});

test('whoever waits gets what becomes free, codes first', async () => {
  const slots = createProviderSlots();
  const leave = await slots.enter(four, transactional, 0);
  const leaveCodes = [];
  for (let more = 0; more < 3; more += 1) leaveCodes.push(await slots.enter(four, code, 0));
  const order: string[] = [];
  const bulk = slots.enter(four, transactional, LONG_MS).then((next) => {
    order.push('bulk');
    return next;
  });
  const urgent = slots.enter(four, code, LONG_MS).then((next) => {
    order.push('code');
    return next;
  });
  leave?.();
  const next = await urgent;
  next?.();
  leaveCodes[0]?.();
  (await bulk)?.();
  expect(order).toEqual(['code', 'bulk']);
});

test('waiting ends, and a slot that is left twice is free once', async () => {
  const slots = createProviderSlots();
  const one = { name: 'a', atOnce: 1 };
  const leave = await slots.enter(one, code, 0);
  expect(await slots.enter(one, code, 1)).toBeNull();
  leave?.();
  leave?.();
  expect(await slots.enter(one, code, 0)).not.toBeNull();
  expect(await slots.enter(one, code, 0)).toBeNull();
});

test('a provider that does not say takes as many as there are connections', async () => {
  const slots = createProviderSlots();
  const provider = { name: 'a' };
  for (let taken = 0; taken < 64; taken += 1) expect(await slots.enter(provider, code, 0)).not.toBeNull();
  expect(await slots.enter(provider, code, 0)).toBeNull();
});

test('of those who wait the project goes first that has the fewest, whoever came first (R54)', async () => {
  const slots = createProviderSlots();
  const held = [];
  for (let taken = 0; taken < 3; taken += 1) held.push(await slots.enter(four, transactional, 0));
  const order: string[] = [];
  const wait = (project: string) =>
    slots.enter(four, of('transactional', project), LONG_MS).then((leave) => {
      order.push(project);
      return leave;
    });
  const waiting = [wait('prj_a'), wait('prj_a'), wait('prj_b')];
  await new Promise(setImmediate);
  for (const leave of held) leave?.();
  await Promise.all(waiting);
  expect(order).toEqual(['prj_b', 'prj_a', 'prj_a']);
});
