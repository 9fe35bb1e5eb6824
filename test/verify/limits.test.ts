import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/open.ts';
import type { Limit } from '../../src/verify/challenge.ts';
import { findLimitHit, type LimitState, limitUses, takeLimit } from '../../src/verify/limits.ts';
import { createSqlStore } from '../../src/verify/sql-store.ts';
import type { ChallengeStore } from '../../src/verify/store.ts';
import { createEvents, newChallenge } from '../contract/build.ts';
import { onEachDialect } from '../db/on-each-dialect.ts';

const HOUR = 3_600_000;
const limit = (key: string, max = 3, windowMs = HOUR) => ({ name: key, key, max, windowMs });

describe('uses of limits', () => {
  it('are in the order of their keys, whatever order they are asked in', () => {
    const keys = fc.uniqueArray(fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(keys, (names) => {
        const uses = limitUses(names.map((name) => limit(name))).map(({ key }) => key);
        expect(uses).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)));
      }),
    );
  });

  it('are one for a key that is asked for twice, over the longer window', () => {
    expect(limitUses([limit('a', 1, 5), limit('b'), limit('a', 9, 7)])).toEqual([
      { key: 'a', windowMs: 7 },
      { key: 'b', windowMs: HOUR },
    ]);
  });
});

describe('a limit', () => {
  it('never lets more than `max` through in any window it opened', () => {
    const pauses = fc.array(fc.integer({ min: 0, max: HOUR }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), pauses, (max, waits) => {
        let now = 0;
        let state: LimitState | undefined;
        const passed: number[] = [];
        for (const wait of waits) {
          now += wait;
          const taken = takeLimit(state, HOUR, now);
          const hit = findLimitHit([limit('a', max)], new Map([['a', taken]]), now);
          if (hit) {
            expect(hit.retryAt).toBeGreaterThan(now);
            // Coming back when told to is always right.
            expect(takeLimit(state, HOUR, hit.retryAt).count).toBe(1);
          } else {
            state = taken;
            passed.push(now);
          }
        }
        const windows = Map.groupBy(passed, (at) => passed.findLast((start) => start <= at && isStart(start)) ?? 0);
        function isStart(at: number): boolean {
          return passed.indexOf(at) === 0 || passed.every((other) => other >= at || other + HOUR <= at);
        }
        for (const [start, uses] of windows) {
          expect(uses.filter((at) => at < start + HOUR).length).toBeLessThanOrEqual(max);
        }
      }),
    );
  });

  it('with no maximum refuses, with a time to come back', () => {
    expect(findLimitHit([limit('a', 0)], new Map(), 5)).toEqual({ kind: 'limited', limit: 'a', retryAt: 5 + HOUR });
  });
});

await onEachDialect('limits', ({ open }) => {
  const rowsOf = (db: Database) => db.kysely.selectFrom('limits').selectAll().where('count', '>', 0).execute();

  it('are counted in the table as by the arithmetic, by starts that come at a time too', async () => {
    const db = await open();
    const use = fc.record({ key: fc.constantFrom('a', 'b', 'c'), windowMs: fc.integer({ min: 1, max: 100 }) });
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 60 }),
      starts: fc.array(fc.array(use, { maxLength: 4 }), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        await db.kysely.deleteFrom('limits').execute();
        const model = new Map<string, LimitState>();
        const store = createSqlStore(db);
        let now = 1000;
        for (const { wait, starts } of steps) {
          now += wait;
          const wanted = starts.map((uses) => uses.map(({ key, windowMs }) => limit(key, 99, windowMs)));
          for (const limits of wanted) {
            for (const { key, windowMs } of limitUses(limits)) {
              model.set(key, takeLimit(model.get(key), windowMs, now));
            }
          }
          await Promise.all(wanted.map((limits) => start(store, limits, now)));
          const counted = (await rowsOf(db)).map((row) => [row.key, { count: row.count, startedAt: row.started_at }]);
          expect(new Map(counted as [string, LimitState][])).toEqual(model);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('are kept for the longest window that was asked of them', async () => {
    const db = await open();
    const store = createSqlStore(db);
    const expiresAfter = async (windowMs: number, now: number) => {
      await start(store, [limit('a', 9, windowMs)], now);
      return (await rowsOf(db))[0]?.expires_at;
    };
    expect(await expiresAfter(100, 1000)).toBe(1100);
    expect(await expiresAfter(10, 1005)).toBe(1100);
    expect(await expiresAfter(200, 1005)).toBe(1200);
    expect(await expiresAfter(10, 1150)).toBe(1160);
  });
});

function start(store: ChallengeStore, limits: Limit[], now: number) {
  const challenge = newChallenge(now);
  return store.create(challenge, limits, createEvents(challenge, now), now);
}
