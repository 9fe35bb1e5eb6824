import { setTimeout as sleep } from 'node:timers/promises';
import { keys, type Tag, tags } from '../../db/redis/keys.ts';
import type { RedisHandle } from '../../db/redis.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import type { Recorder } from '../recorder.ts';

const LOOK_MS = 20;
const PATIENCE_MS = 5_000;

/** Resolves when all that waits in the streams by now is in SQL, however much comes after it. */
export async function waitRecorded(redis: RedisHandle, recorder: Pick<Recorder, 'poke'>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  const newest = await Promise.all(tags.map((tag) => endOf(redis, tag)));
  let waiting = tags.flatMap((tag, i) => {
    const upTo = newest[i];
    return upTo === undefined ? [] : [{ tag, upTo }];
  });
  while (waiting.length > 0) {
    if (performance.now() > deadline) throw new StoreUnavailable('redis', new Error('events are not being recorded'));
    recorder.poke();
    await sleep(LOOK_MS);
    const left = await Promise.all(waiting.map(({ tag, upTo }) => anyUpTo(redis, tag, upTo)));
    waiting = waiting.filter((_, i) => left[i]);
  }
}

async function endOf(redis: RedisHandle, tag: Tag): Promise<string | undefined> {
  const [last] = await redis.call((client) => client.xrevrange(keys.events(tag), '+', '-', 'COUNT', 1));
  return last?.[0];
}

async function anyUpTo(redis: RedisHandle, tag: Tag, upTo: string): Promise<boolean> {
  const found = await redis.call((client) => client.xrange(keys.events(tag), '-', upTo, 'COUNT', 1));
  return found.length > 0;
}
