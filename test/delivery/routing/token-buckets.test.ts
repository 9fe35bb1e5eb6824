import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/db/open.ts';
import { openRedis } from '../../../src/db/redis.ts';
import { type Ask, createMemoryBuckets, type TokenBuckets } from '../../../src/delivery/routing/token-buckets.ts';
import { createRedisBuckets } from '../../../src/delivery/routing/token-buckets-redis.ts';
import { createSqlBuckets } from '../../../src/delivery/routing/token-buckets-sql.ts';
import { describeWith, type Fresh, freshDatabase, freshRedis, freshRedisCluster } from '../../rig/stores.ts';
import { NOW, SECOND, seeded } from './routing-rig.ts';

interface Connected {
  buckets: TokenBuckets;
  close(): Promise<void>;
}

async function sql({ url }: Fresh): Promise<Connected> {
  const db = await openDatabase(url);
  return { buckets: createSqlBuckets(db), close: () => db.close() };
}

async function redis({ url }: Fresh): Promise<Connected> {
  const handle = await openRedis(url);
  return { buckets: createRedisBuckets(handle), close: () => handle.close() };
}

let serial = 0;
const newAsk = (perSecond: number, burst: number): Ask => {
  const interval = 1_000_000 / perSecond;
  serial += 1;
  return { key: `route:r:${serial}`, interval, tolerance: burst * interval };
};

/** One contract for every adapter. */
function contract(open: () => Promise<Fresh>, connect: (fresh: Fresh) => Promise<Connected>): void {
  let fresh: Fresh;
  let one: TokenBuckets;
  /** Another instance. */
  let other: TokenBuckets;
  let connections: Connected[];
  beforeAll(async () => {
    fresh = await open();
    connections = [await connect(fresh), await connect(fresh)];
    [one, other] = connections.map(({ buckets }) => buckets) as [TokenBuckets, TokenBuckets];
  });
  afterAll(async () => {
    await Promise.all((connections ?? []).map((connection) => connection.close()));
    fresh?.close();
  });

  it('grants a burst at once, says when the next may go, and grants it then', async () => {
    const ask = newAsk(10, 3);
    expect(await one.take([ask], 3, NOW)).toEqual({ granted: 3, waitMs: 0 });
    expect(await other.take([ask], 1, NOW)).toEqual({ granted: 0, waitMs: 100 });
    expect(await other.take([ask], 1, NOW + 99)).toEqual({ granted: 0, waitMs: 1 });
    expect(await other.take([ask], 1, NOW + 100)).toEqual({ granted: 1, waitMs: 0 });
    expect(await one.take([ask], 1, NOW + 100)).toEqual({ granted: 0, waitMs: 100 });
  });

  it('grants as many as there are', async () => {
    const ask = newAsk(10, 5);
    expect(await one.take([ask], 8, NOW)).toEqual({ granted: 5, waitMs: 100 });
    expect(await one.take([ask], 8, NOW + 250)).toEqual({ granted: 2, waitMs: 50 });
  });

  it('is full again after a pause, and never more than full', async () => {
    const ask = newAsk(10, 3);
    await one.take([ask], 3, NOW);
    expect((await one.take([ask], 9, NOW + 3600 * SECOND)).granted).toBe(3);
  });

  it('takes from all buckets or from none', async () => {
    const [slow, fast] = [newAsk(1, 1), newAsk(10, 5)];
    expect(await one.take([fast, slow], 3, NOW)).toEqual({ granted: 1, waitMs: 1000 });
    expect(await one.take([slow, fast], 1, NOW)).toEqual({ granted: 0, waitMs: 1000 });
    expect(await one.take([fast], 9, NOW)).toEqual({ granted: 4, waitMs: 100 });
  });

  it('a greater tolerance takes what a smaller one leaves, and goes into debt for it', async () => {
    const ask = newAsk(10, 2);
    const debt = { ...ask, tolerance: 2 * ask.tolerance };
    await one.take([ask], 2, NOW);
    expect((await other.take([debt], 9, NOW)).granted).toBe(2);
    expect(await one.take([ask], 1, NOW)).toEqual({ granted: 0, waitMs: 300 });
  });

  it('a clock that is behind gets nothing from the past', async () => {
    const ask = newAsk(10, 1);
    await one.take([ask], 1, NOW + 5_000);
    expect(await other.take([ask], 1, NOW)).toEqual({ granted: 0, waitMs: 5_100 });
    expect((await other.take([ask], 1, NOW + 5_100)).granted).toBe(1);
  });

  it('grants exactly what there is to many who ask at once, some buckets in common', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [a, b, c] = [newAsk(100, 30), newAsk(100, 20), newAsk(100, 25)];
      const sets = [
        [a, b],
        [b, a],
        [c, b],
        [a, c],
      ];
      const calls = Array.from({ length: 80 }, (_, at) => ({ asks: sets[at % 4] ?? [], at }));
      const taken = await Promise.all(
        calls.map(({ asks, at }) =>
          (at % 8 < 4 ? one : other).take(asks, 1, NOW).then(({ granted }) => ({ asks, granted })),
        ),
      );
      for (const ask of [a, b, c]) {
        const total = taken.reduce((sum, { asks, granted }) => sum + (asks.includes(ask) ? granted : 0), 0);
        const left = (await one.take([ask], 1000, NOW)).granted;
        expect(total + left).toBe(ask.tolerance / ask.interval);
      }
    }
  });

  it('over any time no more than the rate and one burst, and no less while somebody asks', async () => {
    const random = seeded(4);
    const [rate, burst] = [50, 5];
    const ask = newAsk(rate, burst);
    const granted: number[] = [];
    let now = NOW;
    while (now < NOW + 4 * SECOND) {
      now += Math.floor(random() * 30);
      const count = 1 + Math.floor(random() * 4);
      const taken = await (random() < 0.5 ? one : other).take([ask], count, now);
      for (let token = 0; token < taken.granted; token += 1) granted.push(now);
    }
    for (const [from, start] of granted.entries()) {
      for (const [to, end] of granted.entries()) {
        if (to < from) continue;
        expect(to - from + 1).toBeLessThanOrEqual(((end - start) / SECOND) * rate + burst);
      }
    }
    expect(granted.length).toBeGreaterThanOrEqual(4 * rate - 2);
  });

  it('computes as memory does', async () => {
    const step = fc.record({
      take: fc.integer({ min: 1, max: 6 }),
      which: fc.integer({ min: 0, max: 2 }),
      passed: fc.integer({ min: -50, max: 400 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const memory = createMemoryBuckets();
        const [a, b] = [newAsk(8, 3), newAsk(20, 2)];
        const sets = [[a], [b], [a, b]];
        let now = NOW;
        for (const { take, which, passed } of steps) {
          now += passed;
          const asks = sets[which] ?? [];
          expect(await one.take(asks, take, now)).toEqual(await memory.take(asks, take, now));
        }
      }),
      { numRuns: 25 },
    );
  });
}

describe('token buckets in SQLite', () => contract(() => freshDatabase('sqlite'), sql));
await describeWith(['postgres'], 'token buckets in PostgreSQL', () => contract(() => freshDatabase('postgres'), sql));
await describeWith(['redis'], 'token buckets in Redis', () => contract(freshRedis, redis));
await describeWith(['redis'], 'token buckets in Redis Cluster', () => contract(freshRedisCluster, redis));

await describeWith(['redis'], 'buckets in Redis', () => {
  it('go away once they are full again', async () => {
    const fresh = await freshRedis();
    const handle = await openRedis(fresh.url);
    const now = Date.now();
    await createRedisBuckets(handle).take([newAsk(0.1, 3)], 2, now);
    const keys = await handle.call((client) => client.keys('*'));
    expect(keys).toEqual([expect.stringMatching(/^\{cs:rate\}:route:r:\d+$/)]);
    const left = await handle.call((client) => client.pttl(keys[0] ?? ''));
    expect(left).toBeGreaterThan(20_000);
    expect(left).toBeLessThanOrEqual(80_000);
    await handle.close();
    fresh.close();
  });
});
