import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createEventStreams } from '../../src/http/event-streams.ts';

const allowed = async () => true;
const forever = () => new Promise<never>(() => {});

async function read(stream: AsyncIterable<unknown> | null): Promise<string[]> {
  const events: string[] = [];
  for await (const event of stream ?? []) events.push(String(event));
  return events;
}

test('events arrive in their order, and the stream ends with them', async () => {
  const stream = createEventStreams().open(async function* () {
    yield* ['one', 'two', 'three'];
  }, allowed);
  expect((await read(stream)).join(' ')).toBe('one two three');
});

test('a stream whose key was revoked ends, though what it reads never comes', async () => {
  let isAllowed = true;
  const stream = createEventStreams().open(
    async function* () {
      yield 'one';
      isAllowed = false;
      await forever();
    },
    async () => isAllowed,
  );
  expect(await read(stream)).toEqual(['one']);
});

test('a stream that cannot go on fails', async () => {
  const stream = createEventStreams().open(async function* () {
    yield 'one';
    throw new Error('no database');
  }, allowed);
  await expect(read(stream)).rejects.toThrow('no database');
});

test('fifty at a time; whose reader goes away makes room at once', async () => {
  const streams = createEventStreams();
  const follow = async function* () {
    yield await forever();
  };
  const opened = Array.from({ length: 50 }, () => streams.open(follow, allowed));
  expect(opened).not.toContain(null);
  expect(streams.open(follow, allowed)).toBeNull();
  opened[0]?.destroy();
  expect(streams.open(follow, allowed)).not.toBeNull();
  streams.closeAll();
  const [second] = opened.slice(1);
  second?.resume();
  if (second && !second.readableEnded) await once(second, 'end');
});
