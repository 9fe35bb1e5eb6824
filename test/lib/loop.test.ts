import { expect, onTestFinished, test } from 'vitest';
import { createLoop, type LoopOptions } from '../../src/lib/loop.ts';

const FOR_EVER_MS = 2 ** 30;

function startLoop(options: Partial<LoopOptions>) {
  const errors: unknown[] = [];
  const loop = createLoop({ turn: async () => FOR_EVER_MS, onError: (error) => errors.push(error), ...options });
  onTestFinished(() => loop.stop());
  loop.start();
  return { ...loop, errors };
}

/** A turn that tells when it is called, and rests until it is woken. */
function countTurns() {
  let turns = 0;
  let tell = () => {};
  return {
    turn: async () => {
      turns += 1;
      tell();
      return FOR_EVER_MS;
    },
    turns: () => turns,
    async until(count: number) {
      while (turns < count) {
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
    },
  };
}

test('a turn follows when it is woken', async () => {
  const { turn, until } = countTurns();
  const loop = startLoop({ turn });
  await until(1);
  loop.wake();
  await until(2);
  loop.wake();
  await until(3);
});

test('who is woken during a turn begins another', async () => {
  const { turn, until, turns } = countTurns();
  const loop = startLoop({
    turn: async () => {
      if (turns() === 0) loop.wake();
      return turn();
    },
  });
  await until(2);
});

test('wakes that come together make one turn', async () => {
  const { turn, until, turns } = countTurns();
  const loop = startLoop({ turn, gatherMs: 20 });
  await until(1);
  for (let wakes = 0; wakes < 5; wakes += 1) loop.wake();
  await until(2);
  loop.wake();
  await until(3);
  expect(turns()).toBe(3);
});

test('a turn that fails is told of and repeated', async () => {
  const { turn, until } = countTurns();
  let failed = false;
  const loop = startLoop({
    turn: async () => {
      if (failed) return turn();
      failed = true;
      throw new Error('once');
    },
  });
  await until(1);
  expect(loop.errors).toEqual([new Error('once')]);
});

test('stop waits for the turn under way, and for nothing else', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const loop = startLoop({
    turn: async () => {
      await promise;
      return FOR_EVER_MS;
    },
  });
  let stopped = false;
  const stopping = loop.stop().then(() => {
    stopped = true;
  });
  await new Promise(setImmediate);
  expect(stopped).toBe(false);
  resolve();
  await stopping;
});
