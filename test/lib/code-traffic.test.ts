import { expect, test } from 'vitest';
import { createCodeTraffic } from '../../src/lib/code-traffic.ts';

/** A step of a code that ends when it is told to. */
function openStep() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, end: resolve };
}

/** What has come by now, of what needs no timer. */
const settled = async () => {
  for (let turns = 0; turns < 3; turns += 1) await new Promise(setImmediate);
};

function rig() {
  let now = 0;
  const traffic = createCodeTraffic(() => now, 60_000);
  const begun: string[] = [];
  const enter = (name: string) =>
    traffic.enter().then((leave) => {
      begun.push(name);
      return leave;
    });
  return {
    ...{ traffic, begun, enter },
    pass(ms: number) {
      now += ms;
    },
  };
}

test('without codes every piece of bulk work begins at once', async () => {
  const { traffic, begun, enter } = rig();
  enter('a');
  enter('b');
  await settled();
  expect(begun).toEqual(['a', 'b']);
  expect(traffic.isAbout()).toBe(false);
});

test('while codes are about one piece is at work at a time, and begins when no step of a code is under way', async () => {
  const { traffic, begun, enter } = rig();
  const step = openStep();
  const watched = traffic.watch(step.promise);
  const pieces = [enter('a'), enter('b')];
  await settled();
  expect(begun).toEqual([]);
  step.end();
  await watched;
  await settled();
  expect(begun).toEqual(['a']);
  const other = openStep();
  traffic.watch(other.promise);
  const leave = await pieces[0];
  leave?.();
  leave?.();
  await settled();
  expect(begun).toEqual(['a']);
  other.end();
  await settled();
  expect(begun).toEqual(['a', 'b']);
});

test('a moment after the last code bulk work is as it was', async () => {
  const { traffic, begun, enter, pass } = rig();
  await traffic.watch(Promise.resolve());
  pass(1_999);
  expect(traffic.isAbout()).toBe(true);
  pass(1);
  expect(traffic.isAbout()).toBe(false);
  enter('a');
  enter('b');
  await settled();
  expect(begun).toEqual(['a', 'b']);
});

test('bulk work goes on beside codes that never end', async () => {
  const traffic = createCodeTraffic(() => 0, 1);
  traffic.watch(new Promise(() => {}));
  const leaves = await Promise.all([traffic.enter(), traffic.enter()]);
  expect(leaves).toHaveLength(2);
});

test('a step that fails has ended', async () => {
  const { traffic, begun, enter } = rig();
  const failing = traffic.watch(Promise.reject(new Error('away')));
  const piece = enter('a');
  await expect(failing).rejects.toThrow('away');
  await piece;
  expect(begun).toEqual(['a']);
});
