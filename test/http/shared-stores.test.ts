import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { openRedis, type RedisHandle } from '../../src/db/redis.ts';
import { createRedisIdempotencyStore } from '../../src/http/idempotency-redis.ts';
import { createSqlIdempotencyStore } from '../../src/http/idempotency-sql.ts';
import { type IdempotencyStore, KEPT_MS, LEASE_MS } from '../../src/http/idempotency-store.ts';
import type { RateCounter } from '../../src/http/rate-counter.ts';
import { createRedisRateCounter } from '../../src/http/rate-counter-redis.ts';
import { createSqlRateCounter } from '../../src/http/rate-counter-sql.ts';
import { describeWith, type Fresh, freshDatabase, freshRedis, freshRedisCluster } from '../rig/stores.ts';

interface Stores {
  idempotency: IdempotencyStore;
  counter: RateCounter;
  close(): Promise<void>;
}

async function sql(fresh: Fresh): Promise<Stores> {
  const db: Database = await openDatabase(fresh.url);
  return { idempotency: createSqlIdempotencyStore(db), counter: createSqlRateCounter(db), close: () => db.close() };
}

async function redis(fresh: Fresh): Promise<Stores> {
  const handle: RedisHandle = await openRedis(fresh.url);
  return {
    idempotency: createRedisIdempotencyStore(handle),
    counter: createRedisRateCounter(handle),
    close: () => handle.close(),
  };
}

/** One contract for every adapter. */
function contract(open: () => Promise<Fresh>, connect: (fresh: Fresh) => Promise<Stores>): void {
  let fresh: Fresh;
  let stores: Stores;
  /** Another process. */
  let others: Stores;
  const now = Date.now();
  let serial = 0;
  beforeAll(async () => {
    fresh = await open();
    [stores, others] = await Promise.all([connect(fresh), connect(fresh)]);
  });
  afterAll(async () => {
    await Promise.all([stores?.close(), others?.close()]);
    fresh?.close();
  });
  const newKey = () => `key-${serial++}`;

  describe('idempotency store', () => {
    it('runs a new key, and says that it is running', async () => {
      const key = newKey();
      expect(await stores.idempotency.begin(key, 'f', 'seed-1', now)).toEqual({
        kind: 'run',
        seed: 'seed-1',
        leasedUntil: now + LEASE_MS,
      });
      expect(await others.idempotency.begin(key, 'f', 'seed-2', now + 1)).toEqual({
        kind: 'running',
        leasedUntil: now + LEASE_MS,
      });
    });

    it('answers as before', async () => {
      const key = newKey();
      await stores.idempotency.begin(key, 'f', 's', now);
      const answer = JSON.stringify({ text: 'ü\n"\u2028', size: 'x'.repeat(20_000) });
      expect(await stores.idempotency.finish(key, answer, now + 5)).toBe(answer);
      for (const store of [stores, others]) {
        expect(await store.idempotency.begin(key, 'f', 's2', now + 10)).toMatchObject({ kind: 'done', answer });
      }
    });

    it('knows another request by its fingerprint, running or done', async () => {
      const key = newKey();
      await stores.idempotency.begin(key, 'f', 's', now);
      expect((await stores.idempotency.begin(key, 'other', 's', now)).kind).toBe('mismatch');
      await stores.idempotency.finish(key, 'a', now);
      expect((await others.idempotency.begin(key, 'other', 's', now)).kind).toBe('mismatch');
    });

    it('lets another run take over after the lease, with the seed of the first', async () => {
      const key = newKey();
      await stores.idempotency.begin(key, 'f', 'first', now);
      expect((await others.idempotency.begin(key, 'f', 'second', now + LEASE_MS - 1)).kind).toBe('running');
      expect(await others.idempotency.begin(key, 'f', 'second', now + LEASE_MS)).toEqual({
        kind: 'run',
        seed: 'first',
        leasedUntil: now + 2 * LEASE_MS,
      });
      expect((await stores.idempotency.begin(key, 'f', 'third', now + LEASE_MS + 1)).kind).toBe('running');
    });

    it('keeps the first of two answers', async () => {
      const key = newKey();
      await stores.idempotency.begin(key, 'f', 's', now);
      await others.idempotency.begin(key, 'f', 's', now + LEASE_MS);
      expect(await others.idempotency.finish(key, 'one', now + LEASE_MS)).toBe('one');
      expect(await stores.idempotency.finish(key, 'two', now + LEASE_MS)).toBe('one');
    });

    it('runs again at once after a release, but only the holder can release', async () => {
      const key = newKey();
      await stores.idempotency.begin(key, 'f', 's', now);
      await stores.idempotency.release(key, now + LEASE_MS - 1);
      expect((await stores.idempotency.begin(key, 'f', 's', now + 1)).kind).toBe('running');
      await stores.idempotency.release(key, now + LEASE_MS);
      expect(await stores.idempotency.begin(key, 'f', 's2', now + 1)).toMatchObject({ kind: 'run', seed: 's' });
    });

    it('does not release what is done', async () => {
      const key = newKey();
      await stores.idempotency.begin(key, 'f', 's', now);
      await stores.idempotency.finish(key, 'a', now);
      await stores.idempotency.release(key, now + LEASE_MS);
      expect(await stores.idempotency.begin(key, 'f', 's', now)).toMatchObject({ kind: 'done', answer: 'a' });
    });

    it('lets exactly one of many begin, and exactly one take over', async () => {
      for (let round = 0; round < 20; round++) {
        const key = newKey();
        for (const at of [now, now + LEASE_MS]) {
          const race = Array.from({ length: 16 }, (_, i) =>
            (i % 2 ? stores : others).idempotency.begin(key, 'f', `s${i}`, at),
          );
          const kinds = (await Promise.all(race)).map(({ kind }) => kind);
          expect(kinds.filter((kind) => kind === 'run')).toHaveLength(1);
          expect(kinds.filter((kind) => kind === 'running')).toHaveLength(15);
        }
      }
    });
  });

  describe('rate counter', () => {
    it('adds up what all add, each total once', async () => {
      const key = `http:key:${newKey()}`;
      const adds = Array.from({ length: 50 }, (_, i) =>
        (i % 2 ? stores : others).counter.add(key, 1, now, now + 60_000),
      );
      const totals = await Promise.all(adds);
      expect(totals.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      expect(await stores.counter.add(key, 100, now, now + 60_000)).toBe(150);
    });

    it('keeps keys apart', async () => {
      const key = newKey();
      await stores.counter.add(`${key}:1`, 5, now, now + 60_000);
      expect(await stores.counter.add(`${key}:2`, 1, now, now + 60_000)).toBe(1);
    });
  });
}

describe('SQLite', () => contract(() => freshDatabase('sqlite'), sql));
await describeWith(['postgres'], 'PostgreSQL', () => contract(() => freshDatabase('postgres'), sql));
await describeWith(['redis'], 'Redis', () => contract(freshRedis, redis));
await describeWith(['redis'], 'Redis Cluster', () => contract(freshRedisCluster, redis));

describe('SQL', () => {
  it('forgets a key after a day, and the next use is a new one', async () => {
    const stores = await sql(await freshDatabase('sqlite'));
    const now = Date.now();
    await stores.idempotency.begin('k', 'f', 's', now);
    await stores.idempotency.finish('k', 'a', now + 1);
    expect((await stores.idempotency.begin('k', 'f', 's', now + KEPT_MS)).kind).toBe('done');
    const anew = await stores.idempotency.begin('k', 'g', 't', now + KEPT_MS + 1);
    expect(anew).toMatchObject({ kind: 'run', seed: 't' });
    await stores.close();
  });
});

await describeWith(['redis'], 'What Redis keeps', () => {
  it('goes away by itself', async () => {
    const fresh = await freshRedis();
    const handle = await openRedis(fresh.url);
    const now = Date.now();
    await createRedisRateCounter(handle).add('http:ip:x:1', 1, now, now + 30_000);
    await createRedisRateCounter(handle).add('http:ip:x:1', 1, now + 10_000, now + 30_000);
    const idempotency = createRedisIdempotencyStore(handle);
    await idempotency.begin('k', 'f', 's', now);
    await idempotency.finish('k', 'a', now);
    await idempotency.finish('unknown', 'a', now);
    const keys = (await handle.call((client) => client.keys('*'))).sort();
    expect(keys).toEqual(['cs:http:ip:x:1', 'cs:idempotency:k']);
    const left = await Promise.all(keys.map((key) => handle.call((client) => client.pttl(key))));
    expect(left[0]).toBeGreaterThan(20_000);
    expect(left[0]).toBeLessThanOrEqual(30_000);
    expect(left[1]).toBeGreaterThan(KEPT_MS - 60_000);
    await handle.close();
    fresh.close();
  });
});
