import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRedis, type RedisHandle } from '../../src/db/redis.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { describeWith, privateRedis } from '../rig/stores.ts';

await describeWith(['redis'], 'calls of one script in one turn of the event loop', () => {
  let server: Awaited<ReturnType<typeof privateRedis>>;
  let redis: RedisHandle;
  beforeAll(async () => {
    server = await privateRedis();
    redis = await openRedis(server.url);
  });
  afterAll(async () => {
    await redis.close();
    await server.stop();
  });

  const add = (key: string, uses = 1) => redis.run('rate-add', [key], [uses, 60_000]);
  const commands = async () =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.call((client) => client.info('commandstats')))?.[1] ?? 0);

  it('are one command, each with its own answer', async () => {
    await add('warm');
    const before = await commands();
    const totals = await Promise.all([add('a'), add('b', 7), add('a'), add('a', 3)]);
    expect(totals).toEqual([1, 7, 2, 5]);
    expect((await commands()) - before).toBe(1);
  });

  it('are all answered when they are more than one command takes', async () => {
    const totals = await Promise.all(Array.from({ length: 200 }, () => add('many')));
    expect(totals).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  });

  it('do not fail because one of them does', async () => {
    await redis.call((client) => client.lpush('a list', 'x'));
    const outcomes = await Promise.allSettled([add('c'), add('a list'), add('c')]);
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: { name: 'ReplyError', message: expect.stringMatching(/^WRONGTYPE/) } },
      { status: 'fulfilled', value: 2 },
    ]);
  });

  it('are run although Redis has forgotten the script', async () => {
    await redis.call((client) => client.script('FLUSH'));
    expect(await Promise.all([add('d'), add('d')])).toEqual([1, 2]);
  });

  it('look for the new master when theirs was demoted', async () => {
    const reconnecting = new Promise((resolve) => redis.client.once('reconnecting', resolve));
    await redis.call((client) => client.call('REPLICAOF', '127.0.0.1', '1') as Promise<unknown>);
    const outcomes = await Promise.allSettled([add('e'), add('e')]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
    }
    await reconnecting;
  });
});
