import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findLimitHit, type LimitState, limitUses, takeLimit } from '../../src/verify/limits.ts';
import { limitRows, toLimitStates } from '../../src/verify/sql/limit-rows.ts';
import { createStatements } from '../../src/verify/sql/statements.ts';
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
  it('are counted by the statement as by the arithmetic', async () => {
    const db = await open();
    const { takeLimits } = createStatements(db);
    const use = fc.record({ key: fc.constantFrom('a', 'b', 'c'), windowMs: fc.integer({ min: 1, max: 100 }) });
    const step = fc.record({ wait: fc.integer({ min: 0, max: 60 }), uses: fc.array(use, { maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await db.kysely.deleteFrom('limits').execute();
        const model = new Map<string, LimitState>();
        let now = 1000;
        for (const { wait, uses } of steps) {
          now += wait;
          const limits = uses.map(({ key, windowMs }) => limit(key, 3, windowMs));
          const query = takeLimits(limitRows(limits, now));
          const rows = query ? (await db.kysely.executeQuery(query)).rows : [];
          const expected = new Map<string, LimitState>();
          for (const { key, windowMs } of limitUses(limits)) {
            expected.set(key, takeLimit(model.get(key), windowMs, now));
          }
          expect(toLimitStates(rows)).toEqual(expected);
          for (const [key, state] of expected) model.set(key, state);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are kept for the longest window that was asked of them', async () => {
    const db = await open();
    const { takeLimits } = createStatements(db);
    const expiresAfter = async (windowMs: number, now: number) => {
      const query = takeLimits(limitRows([limit('a', 9, windowMs)], now));
      if (query) await db.kysely.executeQuery(query);
      return (await db.kysely.selectFrom('limits').select('expires_at').executeTakeFirstOrThrow()).expires_at;
    };
    expect(await expiresAfter(100, 1000)).toBe(1100);
    expect(await expiresAfter(10, 1005)).toBe(1100);
    expect(await expiresAfter(200, 1005)).toBe(1200);
    expect(await expiresAfter(10, 1150)).toBe(1160);
  });
});
