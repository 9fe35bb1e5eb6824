import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BudgetState, countFailure, findLocked, giveBackFailure, NO_FAILURES } from '../../src/verify/budgets.ts';
import type { Budget } from '../../src/verify/challenge.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const budget = (changes: Partial<Budget> = {}): Budget => ({
  name: 'subject',
  key: 'k',
  max: 5,
  windowMs: DAY,
  lockMs: 2 * HOUR,
  hardMax: 0,
  ...changes,
});
const lockOf = (of: Budget, state: BudgetState, now: number) => findLocked([of], new Map([[of.key, state]]), now);

type Guess = { wait: number; right: boolean };
const guesses = (rightToo: boolean) =>
  fc.array(
    fc.record({ wait: fc.integer({ min: 0, max: 3 * HOUR }), right: rightToo ? fc.boolean() : fc.constant(false) }),
  );

/** Guesses one after the other, each when the budget allows; says when the wrong ones were judged. */
function play(of: Budget, attempts: Guess[]): { wrong: number[]; state: BudgetState } {
  let state = NO_FAILURES;
  let now = 1_000_000;
  const wrong: number[] = [];
  for (const { wait, right } of attempts) {
    now += wait;
    if (lockOf(of, state, now)) continue;
    state = countFailure(of, state, now);
    if (right) state = giveBackFailure(of, state, true);
    else wrong.push(now);
  }
  return { wrong, state };
}

describe('a budget of failed guesses', () => {
  it('lets no more than `max` be judged wrong in a window that opened with one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), guesses(true), (max, attempts) => {
        const { wrong } = play(budget({ max, windowMs: HOUR, lockMs: DAY }), attempts);
        let windowStart = -DAY;
        let count = 0;
        for (const at of wrong) {
          count = at >= windowStart + HOUR ? 1 : count + 1;
          if (count === 1) windowStart = at;
          expect(count).toBeLessThanOrEqual(max);
        }
      }),
    );
  });

  it('lets no more than `hardMax` be judged wrong in a row, over any time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), guesses(false), (hardMax, attempts) => {
        const { wrong } = play(budget({ max: 3, lockMs: 1, hardMax }), attempts);
        expect(wrong.length).toBeLessThanOrEqual(hardMax);
      }),
    );
  });

  it('is as it was after an attempt that was given back', () => {
    fc.assert(
      fc.property(guesses(true), fc.boolean(), (attempts, approved) => {
        const of = budget({ max: 3 });
        const { state } = play(of, attempts);
        const now = 1_000_000 + attempts.reduce((sum, { wait }) => sum + wait, 0);
        fc.pre(lockOf(of, state, now) === null && state.lockedUntil === 0 && now < state.startedAt + of.windowMs);
        const after = giveBackFailure(of, countFailure(of, state, now), approved);
        expect(after.failures).toBe(state.failures);
        expect(after.lockedUntil).toBe(0);
        expect(after.inARow).toBe(approved ? 0 : state.inARow);
      }),
    );
  });

  it('never goes below nothing', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(3), fc.boolean(), (failures, inARow, approved) => {
        const after = giveBackFailure(budget(), { ...NO_FAILURES, failures, inARow }, approved);
        expect(after.failures).toBe(Math.max(0, failures - 1));
        expect(after.inARow).toBe(approved ? 0 : Math.max(0, inARow - 1));
      }),
    );
  });

  it('of a known device counts, but neither makes nor lifts the lock that strangers brought about', () => {
    const strangers = budget({ max: 1 });
    const known = budget({ max: 0 });
    const locked = countFailure(strangers, NO_FAILURES, 1000);
    expect(lockOf(strangers, locked, 1001)).toMatchObject({ until: 1000 + 2 * HOUR });
    expect(lockOf(known, locked, 1001)).toBeNull();
    const approved = giveBackFailure(known, countFailure(known, locked, 1001), true);
    expect(lockOf(strangers, approved, 1002)).toMatchObject({ until: 1000 + 2 * HOUR });
  });

  it('is named when it is the first of several that is locked; a lock for good has no end', () => {
    const [one, two] = [
      budget({ key: 'one', name: 'recipient', hardMax: 2 }),
      budget({ key: 'two', name: 'project', max: 1 }),
    ];
    const states = new Map([
      ['one', { ...NO_FAILURES, inARow: 2 }],
      ['two', { ...NO_FAILURES, failures: 1, lockedUntil: 50 }],
    ]);
    expect(findLocked([one, two], states, 10)).toEqual({ kind: 'locked', budget: 'recipient', until: null });
    expect(findLocked([two, one], states, 10)).toEqual({ kind: 'locked', budget: 'project', until: 50 });
    expect(findLocked([two], states, 50)).toBeNull();
    expect(findLocked([two], new Map(), 10)).toBeNull();
  });
});
