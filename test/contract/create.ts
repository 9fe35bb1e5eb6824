import { describe, expect, it } from 'vitest';
import type { Limit } from '../../src/verify/challenge.ts';
import {
  cooldown,
  createEvents,
  customLimit,
  DAY,
  eventOf,
  HOUR,
  MINUTE,
  newChallenge,
  newEpoch,
  newPerson,
  type Person,
  random,
  recipientBudget,
  recipientLimit,
  SECOND,
  subjectBudget,
} from './build.ts';
import { type Scenario, types } from './scenario.ts';

export function createContract(on: Scenario): void {
  describe('create', () => {
    it('keeps a challenge as it was given', async () => {
      const now = newEpoch();
      const challenge = newChallenge(now, {
        budgets: [recipientBudget(newPerson())],
        sendLimits: [customLimit(3, HOUR)],
      });
      await on.created(challenge, now);
      expect(await on.read(challenge)).toEqual(challenge);
    });

    it('keeps a challenge without the optional facts as it was given', async () => {
      const now = newEpoch();
      const { subject: _, ...challenge } = newChallenge(now, {
        country: null,
        client: {},
        metadata: {},
        sends: [],
        nextSendAt: null,
        testNumber: true,
        contextDigest: random(),
      });
      await on.created(challenge, now);
      expect(await on.read(challenge)).toEqual(challenge);
    });

    it('finds nothing under an unknown id', async () => {
      expect(await on.store.get(newChallenge(newEpoch()).id)).toBeNull();
    });

    it('records one event, first in sequence, with all that it says', async () => {
      const now = newEpoch();
      const challenge = newChallenge(now);
      const events = createEvents(challenge, now);
      await on.store.create(challenge, [], events, now);
      expect(await on.history(challenge)).toEqual([{ ...events.created, sequence: 1 }]);
    });

    it('says `exists` to a replay, and counts, changes and records nothing', async () => {
      const now = newEpoch();
      const who = newPerson();
      const limit = customLimit(2, HOUR);
      const challenge = await on.created(newChallenge(now, {}, who), now, [limit, cooldown(who)]);
      // The first run used up the cool-down: a replay must not be refused by it.
      expect(await on.create({ ...challenge, brand: 'Other' }, now, [limit, cooldown(who)])).toEqual({
        kind: 'exists',
      });
      expect(await on.read(challenge)).toEqual(challenge);
      expect(types(await on.history(challenge))).toEqual(['created']);
      await on.created(newChallenge(now), now, [limit]);
    });

    it('says `exists` to a replay after the end', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.answerRight(challenge, now);
      expect(await on.create(challenge, now + MINUTE)).toEqual({ kind: 'exists' });
      expect((await on.read(challenge)).status).toBe('approved');
    });

    it('creates one of many with the same id at once', async () => {
      const now = newEpoch();
      const challenge = newChallenge(now);
      const results = await Promise.all(Array.from({ length: 10 }, () => on.create(challenge, now)));
      expect(results.filter(({ kind }) => kind === 'created')).toHaveLength(1);
      expect(results.filter(({ kind }) => kind === 'exists')).toHaveLength(9);
      expect(types(await on.history(challenge))).toEqual(['created']);
    });
  });

  const kinds: [string, (who: Person, max: number, windowMs: number) => Limit][] = [
    ['of a recipient', recipientLimit],
    ['of anything else', (_, max, windowMs) => customLimit(max, windowMs)],
  ];
  describe.each(kinds)('create: a limit %s', (_, makeLimit) => {
    /** Creates one challenge more and says what came of it. */
    function uses(limit: Limit, who: Person) {
      return async (now: number, changes: Partial<Limit> = {}) => {
        const result = await on.create(newChallenge(now, {}, who), now, [{ ...limit, ...changes }]);
        return result.kind === 'limited' ? result.retryAt - now : result.kind;
      };
    }

    it('lets `max` through in a window, which opens at the first use', async () => {
      const now = newEpoch();
      const who = newPerson();
      const use = uses(makeLimit(who, 3, 10 * MINUTE), who);
      expect(await use(now)).toBe('created');
      expect(await use(now + 4 * MINUTE)).toBe('created');
      expect(await use(now + 5 * MINUTE)).toBe('created');
      expect(await use(now + 6 * MINUTE)).toBe(4 * MINUTE);
      expect(await use(now + 10 * MINUTE - 1)).toBe(1);
    });

    it('starts again when the window is over', async () => {
      const now = newEpoch();
      const who = newPerson();
      const use = uses(makeLimit(who, 2, 10 * MINUTE), who);
      expect(await use(now)).toBe('created');
      expect(await use(now + 9 * MINUTE)).toBe('created');
      expect(await use(now + 10 * MINUTE)).toBe('created');
      expect(await use(now + 11 * MINUTE)).toBe('created');
      expect(await use(now + 12 * MINUTE)).toBe(8 * MINUTE);
    });

    it('is named, with the time to come back', async () => {
      const now = newEpoch();
      const who = newPerson();
      const limit = makeLimit(who, 1, HOUR);
      await on.created(newChallenge(now, {}, who), now, [limit]);
      const result = await on.create(newChallenge(now, {}, who), now + 1, [limit]);
      expect(result).toEqual({ kind: 'limited', limit: limit.name, retryAt: now + HOUR });
    });

    it('counts no refusal', async () => {
      const now = newEpoch();
      const who = newPerson();
      const use = uses(makeLimit(who, 1, HOUR), who);
      expect(await use(now)).toBe('created');
      for (let i = 1; i <= 5; i += 1) expect(await use(now + i)).toBe(HOUR - i);
      expect(await use(now + 2, { max: 2 })).toBe('created');
      expect(await use(now + 3, { max: 2 })).toBe(HOUR - 3);
    });

    it('goes by the caller’s maximum and window: projects differ', async () => {
      const now = newEpoch();
      const who = newPerson();
      const use = uses(makeLimit(who, 5, MINUTE), who);
      expect(await use(now)).toBe('created');
      expect(await use(now + 30 * SECOND, { max: 1 })).toBe(30 * SECOND);
      expect(await use(now + 30 * SECOND, { max: 1, windowMs: 2 * MINUTE })).toBe(90 * SECOND);
      // A minute has passed, which is a window to one caller and half of one to the other.
      expect(await use(now + MINUTE, { max: 1, windowMs: 2 * MINUTE })).toBe(MINUTE);
      expect(await use(now + MINUTE, { max: 1 })).toBe('created');
      expect(await use(now + MINUTE, { max: 1, windowMs: 2 * MINUTE })).toBe(2 * MINUTE);
    });

    it('with a maximum of none refuses always', async () => {
      const now = newEpoch();
      const who = newPerson();
      const use = uses(makeLimit(who, 0, HOUR), who);
      expect(await use(now)).toBe(HOUR);
      // Others may use the counter; to this caller every time is too early.
      expect(await use(now, { max: 3 })).toBe('created');
      expect(await use(now + MINUTE)).toBe(HOUR);
    });

    it('lets no more through when many come at once', async () => {
      const now = newEpoch();
      const who = newPerson();
      const use = uses(makeLimit(who, 3, HOUR), who);
      const results = await Promise.all(Array.from({ length: 20 }, () => use(now)));
      expect(results.filter((result) => result === 'created')).toHaveLength(3);
    });
  });

  describe('create: several limits', () => {
    const who = newPerson();
    const near = (max: number) => recipientLimit({ ...who, hash: random() }, max, HOUR);
    const far = (max: number) => customLimit(max, HOUR);
    const orders: [string, (max: number) => Limit, (max: number) => Limit][] = [
      ['of a recipient, then of anything else', near, far],
      ['of anything else, then of a recipient', far, near],
      ['of a recipient', near, near],
      ['of anything else', far, far],
    ];
    it.each(orders)('%s: all are taken or none', async (_, first, second) => {
      const now = newEpoch();
      const [roomy, tight] = [first(2), second(1)];
      await on.created(newChallenge(now, {}, who), now, [roomy, tight]);
      const refused = await on.create(newChallenge(now, {}, who), now, [roomy, tight]);
      expect(refused).toMatchObject({ kind: 'limited', limit: tight.name });
      await on.created(newChallenge(now, {}, who), now, [roomy]);
      expect(await on.create(newChallenge(now, {}, who), now, [roomy])).toMatchObject({ kind: 'limited' });
    });

    it('names the first that is hit, in the order given', async () => {
      const now = newEpoch();
      const [one, two] = [
        { ...near(1), name: 'one' },
        { ...near(1), name: 'two' },
      ];
      await on.created(newChallenge(now, {}, who), now, [one, two]);
      expect(await on.create(newChallenge(now, {}, who), now, [near(1), two, one])).toMatchObject({ limit: 'two' });
      expect(await on.create(newChallenge(now, {}, who), now, [one, near(1), two])).toMatchObject({ limit: 'one' });
    });

    it('given twice by one caller count once', async () => {
      const now = newEpoch();
      for (const limit of [near(2), far(2)]) {
        const twice = [limit, { ...limit, name: 'again', windowMs: 2 * HOUR }];
        await on.created(newChallenge(now, {}, who), now, twice);
        await on.created(newChallenge(now, {}, who), now, twice);
        expect(await on.create(newChallenge(now, {}, who), now, twice)).toMatchObject({ limit: limit.name });
      }
    });

    it('do not share a count, whatever their names', async () => {
      const now = newEpoch();
      await on.created(newChallenge(now, {}, who), now, [{ ...near(1), name: 'same' }]);
      await on.created(newChallenge(now, {}, who), now, [{ ...near(1), name: 'same' }]);
    });
  });

  describe('create: when refused', () => {
    it('by a limit, stores nothing and records `refused` with its name, of no verification', async () => {
      const now = newEpoch();
      const limit = customLimit(0, HOUR);
      const challenge = newChallenge(now);
      expect((await on.create(challenge, now, [limit])).kind).toBe('limited');
      expect(await on.store.get(challenge.id)).toBeNull();
      expect(await on.recordedFor(challenge)).toEqual([]);
      const [event, ...others] = await on.refusalsOf(challenge);
      expect(others).toEqual([]);
      expect(event?.data).toEqual({ purpose: 'login', channel: 'sms', limit: limit.name });
    });

    it('by a locked budget, takes no limit, counts no failure and records `refused` with its name', async () => {
      const now = newEpoch();
      const budget = subjectBudget({ max: 1 });
      await on.guessWrong(await on.created(newChallenge(now, { budgets: [budget] }), now), now);
      const limit = customLimit(1, DAY);
      const challenge = newChallenge(now, { budgets: [budget] });
      for (let i = 0; i < 3; i += 1) {
        expect(await on.create(challenge, now + i, [limit])).toEqual({
          kind: 'locked',
          budget: 'subject',
          until: now + HOUR,
        });
      }
      expect(await on.store.get(challenge.id)).toBeNull();
      const events = await on.refusalsOf(challenge);
      expect(events).toHaveLength(3);
      expect(events[0]?.data).toEqual({ purpose: 'login', channel: 'sms', limit: 'subject' });
      await on.created(challenge, now + HOUR, [limit]);
    });

    it('names a lock before a limit', async () => {
      const now = newEpoch();
      const budgets = [subjectBudget({ max: 1 })];
      await on.guessWrong(await on.created(newChallenge(now, { budgets }), now), now);
      expect(await on.create(newChallenge(now, { budgets }), now, [customLimit(0, HOUR)])).toMatchObject({
        kind: 'locked',
      });
    });

    it('can be tried again with the same id', async () => {
      const now = newEpoch();
      const challenge = newChallenge(now);
      await on.create(challenge, now, [customLimit(0, HOUR)]);
      await on.created(challenge, now);
      expect(types(await on.history(challenge))).toEqual(['created']);
      expect(await on.refusalsOf(challenge)).toHaveLength(1);
    });
  });

  describe('record', () => {
    it('puts an event in order with the others of its verification', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      const event = eventOf('verification.blocked', challenge, now + 1, { limit: 'sends_per_verification' });
      await on.store.record(event);
      await on.spend(challenge, challenge.expiresAt);
      const history = await on.history(challenge);
      expect(types(history)).toEqual(['created', 'blocked', 'attempt_failed']);
      expect(history[1]).toEqual({ ...event, sequence: 2 });
    });

    it('takes an event of no verification', async () => {
      const now = newEpoch();
      const {
        verificationId: _,
        recipient: __,
        client: ___,
        ...event
      } = eventOf('key.created', newChallenge(now), now);
      await on.store.record(event);
      expect((await on.events()).find(({ id }) => id === event.id)).toEqual(event);
    });
  });
}
