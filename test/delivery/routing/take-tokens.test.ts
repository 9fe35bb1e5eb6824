import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Database, openDatabase } from '../../../src/db/open.ts';
import { openRedis } from '../../../src/db/redis.ts';
import type { Bucket, Routing } from '../../../src/delivery/routing/router.ts';
import { createTakeTokens } from '../../../src/delivery/routing/take-tokens.ts';
import { createMemoryBuckets, type TokenBuckets } from '../../../src/delivery/routing/token-buckets.ts';
import { createRedisBuckets } from '../../../src/delivery/routing/token-buckets-redis.ts';
import { createSqlBuckets } from '../../../src/delivery/routing/token-buckets-sql.ts';
import { StoreUnavailable } from '../../../src/lib/errors.ts';
import { describeWith, freshDatabase, freshRedis, freshRedisCluster } from '../../rig/stores.ts';
import { NOW, SECOND } from './routing-rig.ts';

type Purpose = Parameters<Routing['take']>[1];

let serial = 0;
function newBucket(perSecond: number, burst: number): Bucket {
  serial += 1;
  return { key: `route:t:${serial}`, perSecond, burst };
}

/** An instance over given buckets; `calls` counts how often it asked them. */
function instance(buckets: TokenBuckets) {
  const told: string[] = [];
  const counted = { calls: 0 };
  const take = createTakeTokens({
    buckets: {
      take(...args) {
        counted.calls += 1;
        return buckets.take(...args);
      },
    },
    onDegraded: () => told.push('degraded'),
    onRecovered: () => told.push('recovered'),
  });
  return { take, told, counted };
}

/** How many of `count` may go now. */
async function goes(
  take: Routing['take'],
  bucket: Bucket,
  purpose: Purpose,
  count: number,
  now = NOW,
): Promise<number> {
  let gone = 0;
  for (let at = 0; at < count; at += 1) if ((await take([bucket], purpose, now)) === 0) gone += 1;
  return gone;
}

describe('one instance', () => {
  let take: Routing['take'];
  let counted: { calls: number };
  beforeEach(() => {
    ({ take, counted } = instance(createMemoryBuckets()));
  });

  it('without a rate nothing waits and nobody is asked', async () => {
    expect(await take([], 'marketing', NOW)).toBe(0);
    expect(counted.calls).toBe(0);
  });

  it('bulk leaves a reserve, and codes go into debt for half a burst', async () => {
    const bucket = newBucket(10, 8);
    expect(await goes(take, bucket, 'marketing', 20)).toBe(4);
    expect(await goes(take, bucket, 'transactional', 20)).toBe(2);
    expect(await goes(take, bucket, 'code', 20)).toBe(6);
    // The debt is paid by waiting: twelve messages at ten in a second, four of which are a burst again.
    expect(await goes(take, bucket, 'marketing', 1, NOW + 899)).toBe(0);
    expect(await goes(take, bucket, 'marketing', 1, NOW + 900)).toBe(1);
  });

  it('a code goes at once however much bulk asks, even where one message fills the bucket', async () => {
    const bucket = newBucket(5, 1);
    expect(await take([bucket], 'marketing', NOW)).toBe(0);
    const waits = await Promise.all(Array.from({ length: 50 }, () => take([bucket], 'marketing', NOW)));
    expect(Math.min(...waits)).toBeGreaterThan(0);
    expect(await take([bucket], 'code', NOW)).toBe(0);
  });

  it('codes in a steady stream leave nothing to bulk', async () => {
    const bucket = newBucket(100, 10);
    let bulk = 0;
    for (let now = NOW; now < NOW + SECOND; now += 10) {
      expect(await take([bucket], 'code', now)).toBe(0);
      bulk += await goes(take, bucket, 'marketing', 3, now);
    }
    expect(bulk).toBeLessThanOrEqual(5);
  });

  it('those who wait are told to come back one after the other', async () => {
    const bucket = newBucket(10, 2);
    const waits = await Promise.all(Array.from({ length: 5 }, () => take([bucket], 'marketing', NOW)));
    expect(waits).toEqual([0, 100, 200, 300, 400]);
  });

  it('bulk asks once for many messages, and does not ask while nothing can be had', async () => {
    const bucket = newBucket(1000, 200);
    expect(await goes(take, bucket, 'marketing', 1000)).toBe(100);
    expect(counted.calls).toBeLessThanOrEqual(3);
    counted.calls = 0;
    let gone = 0;
    for (let now = NOW; now < NOW + SECOND; now += 1) gone += await goes(take, bucket, 'marketing', 3, now);
    expect(gone).toBeGreaterThan(900);
    expect(gone).toBeLessThanOrEqual(1000);
  });

  it('what was taken ahead is not kept for later', async () => {
    const bucket = newBucket(1000, 200);
    await take([bucket], 'marketing', NOW);
    expect(counted.calls).toBe(1);
    await take([bucket], 'marketing', NOW + 99);
    expect(counted.calls).toBe(1);
    await take([bucket], 'marketing', NOW + 100);
    expect(counted.calls).toBe(2);
  });

  it('the same bucket twice is one bucket', async () => {
    const bucket = newBucket(10, 4);
    expect(await take([bucket, bucket], 'code', NOW)).toBe(0);
    expect(await goes(take, bucket, 'code', 20)).toBe(5);
  });
});

describe('while the shared buckets do not answer', () => {
  function broken() {
    const memory = createMemoryBuckets();
    const state = { down: true };
    const one = instance({
      take(...args) {
        if (state.down) return Promise.reject(new StoreUnavailable('redis'));
        return memory.take(...args);
      },
    });
    return { ...one, state };
  }

  it('codes go at the rate of this instance, and bulk waits', async () => {
    const { take, told } = broken();
    const bucket = newBucket(10, 3);
    expect(await goes(take, bucket, 'code', 20)).toBe(4);
    expect(await take([newBucket(10, 3)], 'marketing', NOW)).toBe(1000);
    expect(told).toEqual(['degraded']);
  });

  it('they are asked once in a second, and used again when they answer', async () => {
    const { take, told, counted, state } = broken();
    const bucket = newBucket(100, 100);
    await goes(take, bucket, 'code', 50);
    expect(counted.calls).toBe(1);
    state.down = false;
    await take([bucket], 'code', NOW + 999);
    expect(counted.calls).toBe(1);
    await take([bucket], 'code', NOW + 1000);
    expect(counted.calls).toBe(2);
    expect(told).toEqual(['degraded', 'recovered']);
  });
});

it('a clock an hour ahead somewhere stops no code', async () => {
  const shared = createMemoryBuckets();
  const [ahead, right] = [instance(shared), instance(shared)];
  const bucket = newBucket(10, 3);
  await ahead.take([bucket], 'code', NOW + 3600 * SECOND);
  expect(await goes(right.take, bucket, 'code', 20)).toBe(4);
  expect(await right.take([bucket], 'marketing', NOW)).toBeGreaterThan(0);
});

/** Over any time: the rate, and two bursts – one that a bucket holds, one for debt and what was taken ahead. */
function expectWithin(gone: readonly number[], perSecond: number, burst: number): void {
  for (const [from, start] of gone.entries()) {
    for (let to = from; to < gone.length; to += 1) {
      const allowed = (((gone[to] ?? 0) - start) / SECOND) * perSecond + 2 * burst;
      if (to - from + 1 > allowed) throw new Error(`${to - from + 1} from ${start} on, ${allowed} are allowed`);
    }
  }
}

it('what many senders took ahead never adds to the burst of the route they share', async () => {
  const { take } = instance(createMemoryBuckets());
  const route = newBucket(1000, 8);
  const senders = Array.from({ length: 25 }, () => newBucket(40, 20));
  const gone: number[] = [];
  const ask = async (sender: Bucket, now: number) => {
    if ((await take([route, sender], 'transactional', now)) === 0) gone.push(now);
  };
  // Slowly enough for each to be granted more than it asks for, and then all at once.
  for (const [at, sender] of senders.entries()) await ask(sender, NOW + at * 4);
  for (const sender of [...senders, ...senders, ...senders]) await ask(sender, NOW + 25 * 4 - 1);
  expect(gone.length).toBeGreaterThan(25);
  expectWithin(gone, 1000, 8);
});

/** Two instances that ask all the time. */
async function race(one: TokenBuckets, other: TokenBuckets, perSecond: number, burst: number): Promise<void> {
  const instances = [instance(one), instance(other)];
  const bucket = newBucket(perSecond, burst);
  const gone: number[] = [];
  const codes: number[] = [];
  for (let now = NOW; now < NOW + 2 * SECOND; now += 5) {
    await Promise.all(
      instances.map(async ({ take }, at) => {
        const bulk = await Promise.all(Array.from({ length: 6 }, () => take([bucket], 'marketing', now)));
        for (const wait of bulk) if (wait === 0) gone.push(now);
        // A code in 100 ms of each: far below the rate.
        if ((now - NOW) % 100 === at * 50) {
          codes.push(await take([bucket], 'code', now));
          gone.push(now);
        }
      }),
    );
  }
  expect(codes.every((wait) => wait === 0)).toBe(true);
  expect(gone.length).toBeGreaterThanOrEqual(2 * perSecond * 0.9);
  expectWithin(gone, perSecond, burst);
}

async function sqlPair(dialect: 'sqlite' | 'postgres'): Promise<[TokenBuckets, TokenBuckets]> {
  const { url } = await freshDatabase(dialect);
  const databases: Database[] = [await openDatabase(url), await openDatabase(url)];
  onTestFinished(async () => {
    for (const db of databases) await db.close();
  });
  return databases.map(createSqlBuckets) as [TokenBuckets, TokenBuckets];
}

async function redisPair(open: typeof freshRedis): Promise<[TokenBuckets, TokenBuckets]> {
  const fresh = await open();
  const handles = [await openRedis(fresh.url), await openRedis(fresh.url)];
  onTestFinished(async () => {
    for (const handle of handles) await handle.close();
    fresh.close();
  });
  return handles.map(createRedisBuckets) as [TokenBuckets, TokenBuckets];
}

for (const [name, needs, open] of [
  ['SQLite', [], () => sqlPair('sqlite')],
  ['PostgreSQL', ['postgres'], () => sqlPair('postgres')],
  ['Redis', ['redis'], () => redisPair(freshRedis)],
  ['Redis Cluster', ['redis'], () => redisPair(freshRedisCluster)],
] as const) {
  await describeWith(needs, `two instances keep one rate between them, and codes never wait: ${name}`, () => {
    it.each([
      [200, 20],
      [100, 2],
      [400, 100],
    ])('%d a second, %d at once', async (perSecond, burst) => race(...(await open()), perSecond, burst));
  });
}
