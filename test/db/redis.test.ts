import { Cluster, Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { keys, slotOf, tags } from '../../src/db/redis/keys.ts';
import { openRedis, type RedisHandle } from '../../src/db/redis.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { describeWith, freshRedis, freshRedisCluster, privateRedis } from '../rig/stores.ts';

await describeWith(['redis'], 'a Redis connection', () => {
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  async function server(...args: string[]) {
    const redis = await privateRedis(args);
    cleanUps.push(redis.stop);
    return redis;
  }

  async function open(url: string, warnings: string[] = []): Promise<RedisHandle> {
    const redis = await openRedis(url, { info() {}, warn: (_, message) => warnings.push(message) });
    cleanUps.push(redis.close);
    return redis;
  }

  it('is refused to a server that evicts keys: guesses would be forgotten', async () => {
    const { url } = await server('--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru');
    await expect(openRedis(url)).rejects.toThrow('maxmemory-policy allkeys-lru');
  });

  it('warns where keys would be evicted if there were a limit', async () => {
    const { url } = await server('--maxmemory-policy', 'volatile-ttl');
    const warnings: string[] = [];
    await open(url, warnings);
    expect(warnings).toEqual([expect.stringContaining('noeviction')]);
  });

  it('takes a password, and says at once when it is wrong', async () => {
    const { port } = await server('--requirepass', 'p@ss:w/rd');
    await (await open(`redis://:p%40ss%3Aw%2Frd@127.0.0.1:${port}`)).ping();
    for (const url of [`redis://:wrong@127.0.0.1:${port}`, `redis://127.0.0.1:${port}`]) {
      const error = await openRedis(url).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ message: 'Redis refuses the credentials of its URL' });
      expect(error).not.toBeInstanceOf(StoreUnavailable);
    }
  });

  it('needs a user who may ask which server this is', async () => {
    const { port, url } = await server();
    const admin = new Redis(url);
    cleanUps.push(() => admin.disconnect());
    await admin.acl('SETUSER', 'app', 'on', '>secret', '~*', '+@all', '-info');
    await expect(openRedis(`redis://app:secret@127.0.0.1:${port}`)).rejects.toThrow('refuses the credentials');
    await admin.acl('SETUSER', 'app', '+info');
    await (await open(`redis://app:secret@127.0.0.1:${port}`)).ping();
  });

  it('loads its scripts again when the server has forgotten them', async () => {
    const redis = await open((await freshRedis()).url);
    const add = () => redis.run('rate-add', ['counter'], [1, 60_000]);
    expect(await add()).toBe(1);
    await redis.call((client) => client.script('FLUSH'));
    expect(await Promise.all([add(), add(), add()])).toEqual([2, 3, 4]);
  });

  it('that hangs fails every call within moments, runs none of them twice, and recovers', async () => {
    const { url } = await server();
    const redis = await open(url);
    const admin = new Redis(url);
    cleanUps.push(() => admin.disconnect());
    await admin.call('CLIENT', 'PAUSE', '3000', 'ALL');
    const calls = Array.from({ length: 100 }, () => redis.run('rate-add', ['counter'], [1, 60_000]));
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
    }
    // The connection is given up, with all that waited on it.
    await eventually(async () => expect(redis.generation('{cs:00}')).toBeNull());
    await expect(redis.ping()).rejects.toThrow(StoreUnavailable);
    await eventually(() => redis.ping());
    // Those that had been sent may have been carried out, once.
    const total = Number(await redis.run('rate-add', ['counter'], [1, 60_000]));
    expect(total).toBeLessThanOrEqual(101);
  });

  it('knows the server’s incarnation, forgets it when it goes, and learns the next', async () => {
    const { url, kill, start } = await server();
    const redis = await open(url);
    const first = redis.generation('{cs:00}');
    expect(first).toMatch(/^[0-9a-f]{40}$/);
    await kill();
    await eventually(async () => expect(redis.generation('{cs:00}')).toBeNull());
    await start();
    await eventually(() => redis.ping());
    await eventually(async () => expect(redis.generation('{cs:00}')).toMatch(/^[0-9a-f]{40}$/));
    expect(redis.generation('{cs:00}')).not.toBe(first);
  });

  it('says what is wrong, but not what was sent: errors get logged', async () => {
    const redis = await open((await freshRedis()).url);
    await redis.call((client) => client.set('text', 'x'));
    const wrongType = await redis.call((client) => client.lpush('text', '+33612345678')).catch((reason) => reason);
    expect(wrongType).not.toBeInstanceOf(StoreUnavailable);
    expect(wrongType.message).toMatch(/^WRONGTYPE/);
    expect(JSON.stringify({ ...wrongType })).not.toContain('33612345678');
    await redis.close();
    await eventually(async () => expect(redis.generation('{cs:00}')).toBeNull());
    const closed = await redis.call((client) => client.get('+33612345678')).catch((reason) => reason);
    expect(closed).toBeInstanceOf(StoreUnavailable);
    expect(JSON.stringify({ ...closed, cause: { ...closed.cause } })).not.toContain('33612345678');
  });

  it('to a cluster finds the slot of every tag, and the generation of the node that serves it', async () => {
    const { url, close } = await freshRedisCluster();
    cleanUps.push(close);
    const redis = await open(url);
    const cluster = redis.client as Cluster;
    expect(cluster).toBeInstanceOf(Cluster);
    const [node] = cluster.nodes('master');
    for (const tag of tags) {
      expect(await node?.call('CLUSTER', 'KEYSLOT', keys.events(tag))).toBe(slotOf(tag));
    }
    await eventually(async () => expect(tags.map(redis.generation)).not.toContain(null));
    expect(new Set(tags.map(redis.generation)).size).toBe(3);
  });
});

async function eventually(check: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + 15_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
