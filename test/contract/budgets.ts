import { describe, expect, it } from 'vitest';
import type { Budget, Challenge } from '../../src/verify/challenge.ts';
import {
  DAY,
  eventOf,
  HOUR,
  MINUTE,
  newChallenge,
  newEpoch,
  newPerson,
  newSpend,
  recipientBudget,
  subjectBudget,
} from './build.ts';
import { type Scenario, types } from './scenario.ts';

const MANY = 1000;

export function budgetContract(on: Scenario): void {
  const who = newPerson();
  const ofRecipient = (changes?: Partial<Budget>) => recipientBudget(newPerson(), changes);

  /** Another challenge of the same people. */
  const another = (now: number, budgets: Budget[]): Promise<Challenge> =>
    on.created(newChallenge(now, { budgets, maxAttempts: MANY, expiresAt: now + 400 * DAY }, who), now);

  describe.each([
    ['a recipient', ofRecipient],
    ['a subject', subjectBudget],
  ] as const)('the budget of %s', (_, makeBudget) => {
    it('counts over all challenges, and locks them all', async () => {
      const now = newEpoch();
      const budget = makeBudget({ max: 3 });
      const [one, two] = [await another(now, [budget]), await another(now, [budget])];
      await on.guessWrong(one, now);
      await on.guessWrong(two, now);
      await on.guessWrong(one, now + MINUTE);
      const locked = { kind: 'locked', budget: budget.name, until: now + MINUTE + HOUR };
      for (const challenge of [one, two]) expect(await on.spend(challenge, now + 2 * MINUTE)).toMatchObject(locked);
      expect(await on.create(newChallenge(now, { budgets: [budget] }, who), now + 2 * MINUTE)).toEqual(locked);
    });

    it('is found locked by those who only ask, for as long as it is', async () => {
      const now = newEpoch();
      const budget = makeBudget({ max: 1 });
      const challenge = await another(now, [ofRecipient(), budget]);
      expect(await on.store.findLock(challenge, now)).toBeNull();
      await on.guessWrong(challenge, now);
      const events = await on.history(challenge);
      const locked = { kind: 'locked', budget: budget.name, until: now + HOUR };
      expect(await on.store.findLock(challenge, now + HOUR - 1)).toEqual(locked);
      expect(await on.store.findLock(challenge, now + HOUR)).toBeNull();
      expect(await on.history(challenge)).toEqual(events);
    });

    it('is told as each attempt leaves it', async () => {
      const now = newEpoch();
      const budget = makeBudget({ max: 2 });
      const challenge = await another(now, [budget]);
      const state = { failures: 1, startedAt: now, lockedUntil: 0, inARow: 1 };
      expect(await on.spend(challenge, now)).toMatchObject({ kind: 'ok', budgets: new Map([[budget.key, state]]) });
      const locked = { failures: 2, startedAt: now, lockedUntil: now + 1 + HOUR, inARow: 2 };
      expect(await on.spend(challenge, now + 1)).toMatchObject({ budgets: new Map([[budget.key, locked]]) });
    });

    it('counts before anything is judged', async () => {
      const now = newEpoch();
      const budget = makeBudget({ max: 3 });
      const challenge = await another(now, [budget]);
      for (let i = 0; i < 3; i += 1) expect(await on.verdict(challenge, now)).toBe('ok');
      expect(await on.verdict(challenge, now)).toBe('locked');
    });

    it('lets no more through when many come at once, over many challenges', async () => {
      const now = newEpoch();
      const budget = makeBudget({ max: 3 });
      const challenges = await Promise.all(Array.from({ length: 10 }, () => another(now, [budget])));
      const verdicts = await Promise.all([...challenges, ...challenges].map((challenge) => on.verdict(challenge, now)));
      expect(verdicts.filter((verdict) => verdict === 'ok')).toHaveLength(3);
    });

    it('when locked: the right code is refused too, nothing is counted, the lock does not grow, the log says so', async () => {
      const now = newEpoch();
      const budget = makeBudget({ max: 1 });
      const challenge = await another(now, [budget]);
      await on.guessWrong(challenge, now);
      const before = await on.read(challenge);
      const spend = newSpend(challenge, now + 1);
      expect(await on.store.spend(challenge.id, spend, now + 1)).toEqual({
        kind: 'locked',
        budget: budget.name,
        until: now + HOUR,
        challenge: before,
      });
      for (let i = 2; i < 10; i += 1) expect(await on.spend(challenge, now + i)).toMatchObject({ until: now + HOUR });
      expect(await on.read(challenge)).toEqual(before);
      const history = await on.history(challenge);
      expect(types(history)).toEqual(['created', ...Array(10).fill('attempt_failed')]);
      expect(history[2]).toMatchObject({
        id: spend.refused.id,
        data: { purpose: 'login', reason: 'locked', evaluated: false },
      });
    });

    it('opens when the announced time has come, with all its room', async () => {
      const now = newEpoch();
      const challenge = await another(now, [makeBudget({ max: 2 })]);
      await on.guessWrong(challenge, now);
      await on.guessWrong(challenge, now + MINUTE);
      const until = now + MINUTE + HOUR;
      expect(await on.verdict(challenge, until - 1)).toBe('locked');
      await on.guessWrong(challenge, until);
      await on.guessWrong(challenge, until);
      expect(await on.spend(challenge, until)).toMatchObject({ kind: 'locked', until: until + HOUR });
    });

    it('forgets after its window, which opens at the first failure', async () => {
      const now = newEpoch();
      const challenge = await another(now, [makeBudget({ max: 3, windowMs: DAY })]);
      await on.guessWrong(challenge, now);
      await on.guessWrong(challenge, now + DAY - 1);
      await on.guessWrong(challenge, now + DAY); // the first of a new window
      await on.guessWrong(challenge, now + DAY);
      expect(await on.verdict(challenge, now + DAY)).toBe('ok');
      expect(await on.verdict(challenge, now + DAY)).toBe('locked');
    });

    it('gets the failure of a right answer back', async () => {
      const now = newEpoch();
      const budget = makeBudget({ max: 2 });
      await on.guessWrong(await another(now, [budget]), now);
      for (let i = 0; i < 5; i += 1) expect(await on.answerRight(await another(now, [budget]), now)).toBe(true);
      const challenge = await another(now, [budget]);
      await on.guessWrong(challenge, now);
      expect(await on.verdict(challenge, now)).toBe('locked');
    });

    it('is opened by a right answer that was its last', async () => {
      const now = newEpoch();
      const budget = makeBudget({ max: 1 });
      const challenge = await another(now, [budget]);
      expect(await on.verdict(challenge, now)).toBe('ok');
      expect(await on.create(newChallenge(now, { budgets: [budget] }, who), now)).toMatchObject({ kind: 'locked' });
      expect(await on.consume(challenge, now)).toBe(true);
      await another(now, [budget]);
    });

    it('gives nothing back for an answer that comes second', async () => {
      const now = newEpoch();
      const budget = makeBudget({ max: 2 });
      const challenge = await another(now, [budget]);
      await on.spend(challenge, now);
      await on.spend(challenge, now);
      expect(await on.consume(challenge, now)).toBe(true);
      expect(await on.consume(challenge, now)).toBe(false);
      await on.guessWrong(await another(now, [budget]), now);
      expect(await on.create(newChallenge(now, { budgets: [budget] }, who), now)).toMatchObject({ kind: 'locked' });
    });

    it('with no maximum never locks for a time', async () => {
      const now = newEpoch();
      const challenge = await another(now, [makeBudget({ max: 0 })]);
      for (let i = 0; i < 30; i += 1) await on.guessWrong(challenge, now);
    });
  });

  describe('a run of failures', () => {
    const hard = () => subjectBudget({ max: 0, hardMax: 4 });

    it('is counted over any time, and locks for good', async () => {
      const now = newEpoch();
      const budget = hard();
      const challenge = await another(now, [budget]);
      for (let i = 0; i < 4; i += 1) await on.guessWrong(challenge, now + i * 30 * DAY);
      const later = now + 390 * DAY;
      expect(await on.spend(challenge, later)).toMatchObject({ kind: 'locked', budget: 'subject', until: null });
      const created = await on.create(newChallenge(later, { budgets: [budget] }), later);
      expect(created).toEqual({ kind: 'locked', budget: 'subject', until: null });
    });

    it('is not forgotten when a lock for a time is over', async () => {
      const now = newEpoch();
      const challenge = await another(now, [subjectBudget({ max: 2, hardMax: 4 })]);
      for (const at of [now, now, now + HOUR, now + HOUR]) await on.guessWrong(challenge, at);
      expect(await on.spend(challenge, now + HOUR)).toMatchObject({ kind: 'locked', until: null });
    });

    it('ends with a right answer', async () => {
      const now = newEpoch();
      const budget = hard();
      const challenge = await another(now, [budget]);
      for (let i = 0; i < 3; i += 1) await on.guessWrong(challenge, now);
      expect(await on.answerRight(challenge, now)).toBe(true);
      const next = await another(now, [budget]);
      for (let i = 0; i < 4; i += 1) await on.guessWrong(next, now);
      expect(await on.verdict(next, now)).toBe('locked');
    });
  });

  describe('several budgets', () => {
    it('all count one attempt, and the first that is locked is named', async () => {
      const now = newEpoch();
      const [recipient, subject] = [ofRecipient({ max: 2 }), subjectBudget({ max: 2, lockMs: 2 * HOUR })];
      const challenge = await another(now, [recipient, subject]);
      await on.guessWrong(challenge, now);
      await on.guessWrong(challenge, now);
      expect(await on.spend(challenge, now)).toMatchObject({ kind: 'locked', budget: 'recipient', until: now + HOUR });
      expect(await on.spend(challenge, now + HOUR)).toMatchObject({
        kind: 'locked',
        budget: 'subject',
        until: now + 2 * HOUR,
      });
    });

    it('none counts when one is locked', async () => {
      const now = newEpoch();
      const [locked, other] = [subjectBudget({ max: 1 }), ofRecipient({ max: 2 })];
      const challenge = await another(now, [other, locked]);
      await on.guessWrong(challenge, now);
      for (let i = 0; i < 5; i += 1) expect(await on.spend(challenge, now)).toMatchObject({ budget: 'subject' });
      await on.guessWrong(await another(now, [other]), now);
    });
  });

  describe('resetBudget', () => {
    const event = (now: number) => {
      const { verificationId: _, ...rebound } = eventOf('recipient.rebound', newChallenge(now), now);
      return rebound;
    };

    it.each([
      ['a lock for a time', { max: 2 }],
      ['a lock for good', { max: 0, hardMax: 2 }],
    ])('clears %s, and records it', async (_, changes) => {
      const now = newEpoch();
      for (const budget of [ofRecipient(changes), subjectBudget(changes)]) {
        const challenge = await another(now, [budget]);
        await on.guessWrong(challenge, now);
        await on.guessWrong(challenge, now);
        expect(await on.verdict(challenge, now)).toBe('locked');
        const rebound = event(now + 1);
        await on.store.resetBudget(budget.key, rebound, now + 1);
        await on.guessWrong(challenge, now + 1);
        await on.guessWrong(challenge, now + 1);
        expect(await on.verdict(challenge, now + 1)).toBe('locked');
        expect((await on.events()).find(({ id }) => id === rebound.id)).toEqual(rebound);
      }
    });

    it('leaves other budgets alone', async () => {
      const now = newEpoch();
      const budget = subjectBudget({ max: 1 });
      const challenge = await another(now, [budget]);
      await on.guessWrong(challenge, now);
      await on.store.resetBudget(subjectBudget().key, event(now), now);
      expect(await on.verdict(challenge, now)).toBe('locked');
    });
  });
}
