import { describe, expect, it } from 'vitest';
import type { Challenge } from '../../src/verify/challenge.ts';
import type { SpendResult } from '../../src/verify/store.ts';
import {
  failEvents,
  MINUTE,
  newChallenge,
  newChange,
  newEpoch,
  newPerson,
  newSpend,
  random,
  recipientBudget,
  subjectBudget,
} from './build.ts';
import { type Scenario, types } from './scenario.ts';

export function spendContract(on: Scenario): void {
  const times = <T>(count: number, make: (index: number) => T): Promise<Awaited<T>[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => make(index)));

  describe('spend', () => {
    it('counts the attempt, hands out the hash, and leaves the flow and the log alone', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      const expected: Challenge = { ...challenge, attempts: 1 };
      expect(await on.spend(challenge, now + 1)).toEqual({ kind: 'ok', challenge: expected, budgets: new Map() });
      expect(await on.read(challenge)).toEqual(expected);
      expect(types(await on.history(challenge))).toEqual(['created']);
    });

    it('gives no attempt beyond the last, even if none was judged', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { maxAttempts: 3 }), now);
      for (let i = 0; i < 3; i += 1) expect(await on.verdict(challenge, now + i)).toBe('ok');
      expect(await on.spend(challenge, now + 4)).toMatchObject({
        kind: 'refused',
        reason: 'exhausted',
        challenge: { status: 'pending', attempts: 3, judged: 0 },
      });
      const [, refused] = await on.history(challenge);
      expect(refused).toMatchObject({
        type: 'verification.attempt_failed',
        data: { reason: 'exhausted', evaluated: false },
      });
    });

    it('gives no attempt beyond the last when many come at once', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      const verdicts = await times(30, () => on.verdict(challenge, now));
      expect(verdicts.filter((verdict) => verdict === 'ok')).toHaveLength(5);
      expect(verdicts.filter((verdict) => verdict === 'exhausted')).toHaveLength(25);
      expect(types(await on.history(challenge))).toEqual(['created', ...Array(25).fill('attempt_failed')]);
    });

    it('lets the last millisecond of a life count, and not the next', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      expect(await on.verdict(challenge, challenge.expiresAt - 1)).toBe('ok');
      expect(await on.verdict(challenge, challenge.expiresAt)).toBe('expired');
    });
  });

  describe('spend: when refused', () => {
    /** Each brings a challenge into a state in which an attempt is refused. */
    const states: Record<
      string,
      { reason: string; type?: string; enter(challenge: Challenge, now: number): Promise<unknown> }
    > = {
      expired: { reason: 'expired', enter: async () => {} },
      'ended as expired': { reason: 'expired', enter: (challenge, now) => end(challenge, 'expired', now) },
      canceled: { reason: 'canceled', enter: (challenge, now) => end(challenge, 'canceled', now) },
      undeliverable: { reason: 'undeliverable', enter: (challenge, now) => end(challenge, 'undeliverable', now) },
      exhausted: {
        reason: 'exhausted',
        async enter(challenge, now) {
          for (let i = 0; i < challenge.maxAttempts; i += 1) await on.guessWrong(challenge, now);
        },
      },
      approved: {
        reason: 'already_used',
        type: 'verification.replayed',
        enter: (challenge, now) => on.answerRight(challenge, now),
      },
    };
    function end(challenge: Challenge, status: Challenge['status'], now: number) {
      return on.store.advance(challenge.id, challenge.rev, newChange(challenge, { status, dueAt: null }), now);
    }

    it.each(Object.entries(states))(
      '%s: says why, counts nothing and records it',
      async (name, { reason, type, enter }) => {
        const now = newEpoch();
        const budget = subjectBudget({ max: 100 });
        const challenge = await on.created(newChallenge(now, { budgets: [budget] }), now);
        await enter(challenge, now + 1);
        const before = await on.read(challenge);
        const logged = await on.history(challenge);
        const later = name === 'expired' ? challenge.expiresAt : now + 2;

        const spend = newSpend(challenge, later);
        expect(await on.store.spend(challenge.id, spend, later)).toEqual({
          kind: 'refused',
          reason,
          challenge: before,
        });

        expect(await on.read(challenge)).toEqual(before);
        expect((await on.history(challenge)).slice(logged.length)).toEqual([
          {
            ...spend.refused,
            type: type ?? 'verification.attempt_failed',
            recipient: { masked: challenge.masked, hash: challenge.recipientHash },
            client: challenge.client,
            data: { purpose: 'login', reason, evaluated: false },
            sequence: logged.length + 1,
          },
        ]);
      },
    );

    it('an ended challenge hands out no secret', async () => {
      for (const { enter } of Object.values(states).slice(1)) {
        const now = newEpoch();
        const challenge = await on.created(newChallenge(now), now);
        await enter(challenge, now + 1);
        expect(await on.spend(challenge, now + 2)).toMatchObject({ challenge: { secrets: null } });
      }
    });

    it('tells the replay of the approving attempt, and no other, that it was approved', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      expect(await on.answerRight(challenge, now, 'attempt-1')).toBe(true);
      const result = await on.spend(challenge, now + 1, { attempt: 'attempt-1' });
      expect(result).toEqual({ kind: 'approved', challenge: await on.read(challenge) });
      expect(await on.verdict(challenge, now + 2, { attempt: 'attempt-2' })).toBe('already_used');
      // A late replay of the request hears the same, although the code is past its life.
      expect(await on.verdict(challenge, challenge.expiresAt, { attempt: 'attempt-1' })).toBe('approved');
      expect(await on.verdict(challenge, challenge.expiresAt, { attempt: 'attempt-2' })).toBe('already_used');
      expect(types(await on.history(challenge))).toEqual(['created', 'approved', ...Array(4).fill('replayed')]);
    });

    it('does not take the attempt of a failed answer for an approval', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.spend(challenge, now, { attempt: 'attempt-1' });
      await on.store.fail(challenge.id, failEvents(challenge, now), now);
      await on.answerRight(challenge, now, 'attempt-2');
      expect(await on.verdict(challenge, now, { attempt: 'attempt-1' })).toBe('already_used');
    });
  });

  describe('spend: what must be `gone`', () => {
    const strangers: [string, (challenge: Challenge) => Promise<SpendResult>][] = [
      ['an unknown challenge', () => on.spend(newChallenge(newEpoch()), newEpoch())],
      ['another project’s', (challenge) => on.spend(challenge, challenge.createdAt, { project: 'prj_two' })],
      ['the other mode’s', (challenge) => on.spend(challenge, challenge.createdAt, { mode: 'test' })],
      ['another project’s, ended', (challenge) => on.spend(challenge, challenge.expiresAt, { project: 'prj_two' })],
    ];
    it.each(strangers)('%s: counts and records nothing', async (_, spend) => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { contextDigest: random() }), now);
      expect(await spend(challenge)).toEqual({ kind: 'gone' });
      expect(await on.read(challenge)).toEqual(challenge);
      expect(types(await on.history(challenge))).toEqual(['created']);
    });
  });

  describe('spend: a code of the wrong length', () => {
    it.each([0, 4, 5, 7, 10])('%i digits instead of 6: malformed, counts and records nothing', async (codeLength) => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { budgets: [subjectBudget({ max: 1 })] }), now);
      expect(await on.spend(challenge, now, { codeLength })).toEqual({ kind: 'malformed' });
      expect(await on.read(challenge)).toEqual(challenge);
      expect(types(await on.history(challenge))).toEqual(['created']);
      expect(await on.verdict(challenge, now)).toBe('ok');
    });
  });

  describe('spend: a challenge bound to a context', () => {
    it('counts nothing when none is given, and records it', async () => {
      const now = newEpoch();
      const budgets = [subjectBudget({ max: 1 })];
      const challenge = await on.created(newChallenge(now, { contextDigest: random(), budgets }), now);
      expect(await on.spend(challenge, now, { contextDigest: null })).toEqual({ kind: 'context_required' });
      expect(await on.read(challenge)).toEqual(challenge);
      const [, refused] = await on.history(challenge);
      expect(refused).toMatchObject({
        type: 'verification.attempt_failed',
        data: { reason: 'context_required', evaluated: false },
      });
      expect(await on.verdict(challenge, now)).toBe('ok');
    });

    it('dies when the context is another one, even for the right one afterwards', async () => {
      const now = newEpoch();
      const budget = subjectBudget({ max: 1 });
      const challenge = await on.created(newChallenge(now, { contextDigest: random(), budgets: [budget] }), now);
      const spend = newSpend(challenge, now + 1, { contextDigest: random() });
      const result = await on.store.spend(challenge.id, spend, now + 1);
      const dead = await on.read(challenge);
      expect(result).toEqual({ kind: 'refused', reason: 'context_mismatch', challenge: dead });
      expect(dead).toMatchObject({
        status: 'canceled',
        endedAt: now + 1,
        secrets: null,
        dueAt: null,
        attempts: 0,
        rev: 2,
      });
      expect(await on.verdict(challenge, now + 2)).toBe('canceled');

      const history = await on.history(challenge);
      expect(types(history)).toEqual(['created', 'attempt_failed', 'canceled', 'attempt_failed']);
      const completed = {
        recipient: { masked: challenge.masked, hash: challenge.recipientHash },
        client: challenge.client,
      };
      const data = { purpose: 'login', reason: 'context_mismatch', evaluated: false };
      expect(history[1]).toEqual({ ...spend.refused, ...completed, data, sequence: 2 });
      expect(history[2]).toMatchObject({ ...spend.canceled, ...completed, data: { purpose: 'login' }, sequence: 3 });
      // The budget allows one failure: none was counted.
      await on.created(newChallenge(now, { budgets: [budget] }), now + 2);
    });

    it('dies too when a context is given where none is bound: the caller believes in a binding that is not there', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      expect(await on.verdict(challenge, now, { contextDigest: random() })).toBe('context_mismatch');
      expect(await on.verdict(challenge, now)).toBe('canceled');
    });

    it('dies once when many wrong contexts come at once', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { contextDigest: random() }), now);
      const verdicts = await times(10, () => on.verdict(challenge, now, { contextDigest: random() }));
      expect(verdicts.filter((verdict) => verdict === 'context_mismatch')).toHaveLength(1);
      expect(types(await on.history(challenge)).filter((type) => type === 'canceled')).toHaveLength(1);
    });

    it('is looked at again when an attempt was still being judged', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { contextDigest: random() }), now);
      expect(await on.verdict(challenge, now)).toBe('ok');
      await on.spend(challenge, now, { contextDigest: random() });
      expect((await on.read(challenge)).dueAt).toBe(now + MINUTE);
      expect(await on.consume(challenge, now)).toBe(false);
    });
  });

  describe('spend: the order of checks', () => {
    /** Everything is wrong with it at once: bound to a context, locked, out of attempts. */
    async function hopeless(now: number): Promise<Challenge> {
      const budgets = [recipientBudget(newPerson(), { max: 2 })];
      const challenge = await on.created(newChallenge(now, { contextDigest: random(), maxAttempts: 2, budgets }), now);
      for (let i = 0; i < 2; i += 1) expect(await on.verdict(challenge, now)).toBe('ok');
      return challenge;
    }
    const wrongContext = random();

    it.each([
      ['another project', 'gone', { project: 'prj_two', codeLength: 1, contextDigest: null }, true],
      ['past its life', 'expired', { codeLength: 1, contextDigest: null }, true],
      ['past its life, wrong context', 'expired', { codeLength: 1, contextDigest: wrongContext }, true],
      ['no context', 'context_required', { codeLength: 1, contextDigest: null }, false],
      ['wrong context', 'context_mismatch', { codeLength: 1, contextDigest: wrongContext }, false],
      ['wrong length', 'malformed', { codeLength: 1 }, false],
      ['locked', 'locked', {}, false],
    ] as const)('%s comes before what follows', async (_, verdict, changes, late) => {
      const now = newEpoch();
      const challenge = await hopeless(now);
      expect(await on.verdict(challenge, late ? challenge.expiresAt : now, changes)).toBe(verdict);
    });

    it('out of attempts comes last', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { maxAttempts: 1 }), now);
      await on.spend(challenge, now);
      expect(await on.verdict(challenge, now)).toBe('exhausted');
    });
  });
}
