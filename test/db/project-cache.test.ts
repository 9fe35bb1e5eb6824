import { expect, test } from 'vitest';
import { createProjectCache, type ProjectCacheOptions } from '../../src/db/project-cache.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';

function open(options: Partial<ProjectCacheOptions<string>> = {}) {
  const clock = { now: 1_000_000 };
  const source = { value: 'a', asked: 0, isDown: false };
  const cache = createProjectCache({
    async load() {
      source.asked += 1;
      if (source.isDown) throw new StoreUnavailable('database');
      return source.value;
    },
    now: () => clock.now,
    ...options,
  });
  return { clock, source, cache };
}

test('a change elsewhere is seen after five seconds', async () => {
  const { clock, source, cache } = open();
  expect(await cache.get('p')).toBe('a');
  source.value = 'b';
  clock.now += 4_999;
  expect(await cache.get('p')).toBe('a');
  clock.now += 1;
  expect(await cache.get('p')).toBe('b');
  expect(source.asked).toBe(2);
});

test('a change here is seen at once, also by whoever asked while it was made', async () => {
  const { promise: slow, resolve } = Promise.withResolvers<string>();
  const answers = [slow, Promise.resolve('new')];
  const { cache } = open({ load: () => answers.shift() ?? Promise.resolve('new') });
  const early = cache.get('p');
  cache.forget('p');
  expect(await cache.get('p')).toBe('new');
  resolve('old');
  expect(await early).toBe('old');
  expect(await cache.get('p')).toBe('new');
});

test('callers at the same moment ask once', async () => {
  const { source, cache } = open();
  await Promise.all([cache.get('p'), cache.get('p'), cache.get('p')]);
  expect(source.asked).toBe(1);
});

test('while the database is away the last answer holds, and one caller a second asks', async () => {
  const { clock, source, cache } = open();
  await cache.get('p');
  source.isDown = true;
  clock.now += 60_000;
  for (let i = 0; i < 5; i += 1) expect(await cache.get('p')).toBe('a');
  expect(source.asked).toBe(2);
  source.isDown = false;
  source.value = 'b';
  clock.now += 1_000;
  expect(await cache.get('p')).toBe('b');
});

test('nothing is made up: an unknown project, and an answer that is too old', async () => {
  const { clock, source, cache } = open({ staleMs: 300_000 });
  await cache.get('p');
  source.isDown = true;
  await expect(cache.get('q')).rejects.toThrow(StoreUnavailable);
  clock.now += 299_999;
  expect(await cache.get('p')).toBe('a');
  clock.now += 1_001;
  await expect(cache.get('p')).rejects.toThrow(StoreUnavailable);
});

test('a database that does not answer counts as away', async () => {
  const { cache } = open({ load: () => new Promise(() => {}), patienceMs: 1 });
  await expect(cache.get('p')).rejects.toThrow(StoreUnavailable);
});

test('memory is bounded: the project that was asked for least recently goes', async () => {
  const { source, cache } = open({ size: 2 });
  for (const project of ['p', 'q', 'r']) await cache.get(project);
  await cache.get('r');
  await cache.get('q');
  expect(source.asked).toBe(3);
  await cache.get('p');
  expect(source.asked).toBe(4);
});
