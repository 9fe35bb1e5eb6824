import { describe, expect, it } from 'vitest';
import type { Challenge } from '../../src/verify/challenge.ts';
import { RECONCILE_MS } from '../../src/verify/store.ts';
import { eventOf, failEvents, newChallenge, newChange, newEpoch, random, subjectBudget } from './build.ts';
import { type Scenario, types } from './scenario.ts';

export function judgeContract(on: Scenario): void {
  const cancel = (challenge: Challenge, now: number) =>
    on.store.advance(
      challenge.id,
      challenge.rev,
      newChange(challenge, { status: 'canceled', dueAt: now + RECONCILE_MS }),
      now,
    );

  const withdraw = (challenge: Challenge, attempt: string, now: number) =>
    on.store.withdraw(challenge.id, attempt, challenge.secrets?.codeHash ?? '', now);

  describe('fail', () => {
    it('counts the attempt as judged and records it, with the attempts that remain', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.spend(challenge, now + 1);
      const events = failEvents(challenge, now + 2);
      const result = await on.store.fail(challenge.id, events, now + 2);
      expect(result).toEqual({ status: 'pending', attemptsRemaining: 4 });
      expect(await on.read(challenge)).toEqual({ ...challenge, attempts: 1, judged: 1 });
      expect((await on.history(challenge)).slice(1)).toEqual([
        {
          ...events.failed,
          data: { purpose: 'login', reason: 'wrong_code', evaluated: true, attempts_remaining: 4 },
          sequence: 2,
        },
      ]);
    });

    it('of the last attempt ends the challenge as exhausted', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { maxAttempts: 2 }), now);
      expect(await on.guessWrong(challenge, now + 1)).toEqual({ status: 'pending', attemptsRemaining: 1 });
      await on.spend(challenge, now + 2);
      const events = failEvents(challenge, now + 3);
      const result = await on.store.fail(challenge.id, events, now + 3);
      expect(result).toEqual({ status: 'exhausted', attemptsRemaining: 0 });
      expect(await on.read(challenge)).toMatchObject({
        status: 'exhausted',
        attempts: 2,
        judged: 2,
        endedAt: now + 3,
        dueAt: null,
        nextSendAt: null,
        rev: 2,
        secrets: null,
      });
      const history = await on.history(challenge);
      expect(types(history)).toEqual(['created', 'attempt_failed', 'attempt_failed', 'exhausted']);
      expect(history[2]?.data).toMatchObject({ evaluated: true, attempts_remaining: 0 });
      expect(history[3]).toEqual({ ...events.exhausted, sequence: 4 });
    });

    it('records what the failure brought about after it, and the end last', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { maxAttempts: 2 }), now);
      const notices = [eventOf('verification.locked', challenge, now), eventOf('verification.locked', challenge, now)];
      await on.spend(challenge, now);
      await on.store.fail(challenge.id, { ...failEvents(challenge, now), notices }, now);
      await on.spend(challenge, now);
      await on.store.fail(
        challenge.id,
        { ...failEvents(challenge, now), notices: [eventOf('verification.locked', challenge, now)] },
        now,
      );
      const history = await on.history(challenge);
      const [first, second] = [
        ['attempt_failed', 'locked', 'locked'],
        ['attempt_failed', 'locked', 'exhausted'],
      ];
      expect(types(history)).toEqual(['created', ...first, ...second]);
      expect(history.slice(2, 4)).toEqual(notices.map((event, index) => ({ ...event, sequence: index + 3 })));
    });

    it('on an ended challenge counts and records, and leaves the end as it is', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { maxAttempts: 1 }), now);
      await on.spend(challenge, now);
      await cancel(challenge, now + 1);
      const canceled = await on.read(challenge);
      const result = await on.store.fail(challenge.id, failEvents(challenge, now + 2), now + 2);
      expect(result).toEqual({ status: 'canceled', attemptsRemaining: 0 });
      expect(await on.read(challenge)).toEqual({ ...canceled, judged: 1 });
      expect(types(await on.history(challenge))).toEqual(['created', 'attempt_failed']);
    });

    it('of all attempts at once ends the challenge once', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      for (let i = 0; i < 5; i += 1) await on.spend(challenge, now);
      const results = await Promise.all(
        Array.from({ length: 5 }, () => on.store.fail(challenge.id, failEvents(challenge, now), now)),
      );
      expect(results).toContainEqual({ status: 'exhausted', attemptsRemaining: 0 });
      expect(await on.read(challenge)).toMatchObject({ status: 'exhausted', attempts: 5, judged: 5 });
      expect(types(await on.history(challenge)).filter((type) => type === 'exhausted')).toHaveLength(1);
    });
  });

  describe('consume', () => {
    it('approves: ends the challenge, erases the secrets, records the event', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.spend(challenge, now + 1);
      const event = eventOf('verification.approved', challenge, now + 2, { channel: 'sms' });
      expect(await on.store.consume(challenge.id, random(), event, now + 2)).toBe(true);
      expect(await on.read(challenge)).toEqual({
        ...challenge,
        status: 'approved',
        attempts: 1,
        judged: 1,
        endedAt: now + 2,
        dueAt: null,
        nextSendAt: null,
        rev: 2,
        secrets: null,
      });
      expect((await on.history(challenge)).slice(1)).toEqual([{ ...event, sequence: 2 }]);
    });

    it('is true for one caller only, ever', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      for (let i = 0; i < 5; i += 1) await on.spend(challenge, now);
      const results = await Promise.all(Array.from({ length: 20 }, () => on.consume(challenge, now)));
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await on.consume(challenge, now + 1)).toBe(false);
      expect(types(await on.history(challenge))).toEqual(['created', 'approved']);
    });

    it.each(['canceled', 'undeliverable', 'expired'] as const)('is false once the challenge is %s', async (status) => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.spend(challenge, now);
      await on.store.advance(challenge.id, 1, newChange(challenge, { status, dueAt: null }), now + 1);
      const ended = await on.read(challenge);
      expect(await on.consume(challenge, now + 2)).toBe(false);
      expect(await on.read(challenge)).toMatchObject({ status, endedAt: ended.endedAt, secrets: null });
      expect(types(await on.history(challenge))).toEqual(['created']);
    });

    it('is false for an unknown challenge', async () => {
      const now = newEpoch();
      expect(await on.consume(newChallenge(now), now)).toBe(false);
    });

    it('has the challenge looked at again while other attempts are being judged', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.spend(challenge, now);
      expect(await on.answerRight(challenge, now + 1)).toBe(true);
      expect(await on.read(challenge)).toMatchObject({ attempts: 2, judged: 1, dueAt: now + 1 + RECONCILE_MS });
      await on.store.fail(challenge.id, failEvents(challenge, now + 2), now + 2);
      expect(await on.read(challenge)).toMatchObject({ status: 'approved', attempts: 2, judged: 2 });
      expect(types(await on.history(challenge))).toEqual(['created', 'approved', 'attempt_failed']);
    });

    it('accepts the last attempt although the others before it failed', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      for (let i = 0; i < 4; i += 1) await on.guessWrong(challenge, now);
      expect(await on.answerRight(challenge, now)).toBe(true);
    });

    it('accepts the right one of five attempts judged at the same time', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      for (let i = 0; i < 5; i += 1) await on.spend(challenge, now);
      const fail = () => on.store.fail(challenge.id, failEvents(challenge, now), now);
      for (let i = 0; i < 4; i += 1) expect((await fail()).status).toBe('pending');
      expect(await on.consume(challenge, now)).toBe(true);
    });
  });

  describe('withdraw', () => {
    it.each([
      { when: 'before it was carried out', ledger: true },
      { when: 'before it was carried out', ledger: false },
      { when: 'after it', ledger: true },
      { when: 'after it', ledger: false },
    ])(
      '$when (ledger: $ledger): the next right answer is accepted in its place, and only one',
      async ({ when, ledger }) => {
        const now = newEpoch();
        const challenge = await on.created(newChallenge(now, { budgets: [subjectBudget({ max: 2 })], ledger }), now);
        const [first, second] = [random(), random()];
        await on.spend(challenge, now, { attempt: first });
        if (when === 'after it') expect(await on.consume(challenge, now, first)).toBe(true);
        await withdraw(challenge, first, now);
        const spent = await on.spend(challenge, now + 1, { attempt: second });
        expect(spent).toMatchObject({
          kind: 'ok',
          challenge: { attempts: 2, secrets: { codeHash: challenge.secrets?.codeHash } },
        });
        expect(await on.consume(challenge, now + 1, second)).toBe(true);
        // Whatever was under way of the first one.
        expect(await on.consume(challenge, now + 1, first)).toBe(false);
        await withdraw(challenge, first, now + 2);
        expect(await on.verdict(challenge, now + 2)).toBe('already_used');
        expect(types(await on.history(challenge)).filter((type) => type === 'approved')).toHaveLength(1);
        if (when === 'after it') expect(await on.dump()).not.toContain(challenge.secrets?.codeHash);
        // The failure of the right answer was given back.
        const other = await on.created(newChallenge(now, { budgets: challenge.budgets }), now + 3);
        expect(await on.verdict(other, now + 3)).toBe('ok');
      },
    );

    it('of one after the other: the next right answer is accepted, whichever of them was carried out', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      const attempts = [random(), random(), random()];
      for (const attempt of attempts) await on.spend(challenge, now, { attempt });
      expect(await on.consume(challenge, now, attempts[1])).toBe(true);
      for (const attempt of attempts) await withdraw(challenge, attempt, now);
      expect(await on.answerRight(challenge, now + 1)).toBe(true);
      expect(await on.verdict(challenge, now + 2)).toBe('already_used');
    });

    it('gives no attempt beyond the last, and what was approved stays approved', async () => {
      const now = newEpoch();
      const attempt = random();
      const challenge = await on.created(newChallenge(now, { contextDigest: random(), maxAttempts: 3 }), now);
      await on.spend(challenge, now, { attempt });
      await on.consume(challenge, now, attempt);
      await withdraw(challenge, attempt, now);
      expect(await on.verdict(challenge, now, { contextDigest: random() })).toBe('context_mismatch');
      expect(await on.guessWrong(challenge, now)).toEqual({ status: 'pending', attemptsRemaining: 1 });
      expect(await on.guessWrong(challenge, now)).toEqual({ status: 'pending', attemptsRemaining: 0 });
      expect(await on.verdict(challenge, now)).toBe('exhausted');
      expect(await on.verdict(challenge, challenge.expiresAt)).toBe('expired');
      expect(await on.read(challenge)).toMatchObject({ status: 'approved', attempts: 3, judged: 3, secrets: null });
    });

    it('lets it be told as pending until the next right answer, locked as well', async () => {
      const now = newEpoch();
      const budgets = [subjectBudget({ max: 1 })];
      const challenge = await on.created(newChallenge(now, { budgets }), now);
      const attempt = random();
      await on.answerRight(challenge, now, attempt);
      await withdraw(challenge, attempt, now);
      const spent = await on.spend(challenge, now);
      expect(spent).toMatchObject({ kind: 'ok', challenge: { status: 'pending' }, withdrawn: [attempt] });
      expect(await on.spend(challenge, now)).toMatchObject({ kind: 'locked', challenge: { status: 'pending' } });
      // Another one was faster than this wrong answer.
      expect(await on.consume(challenge, now)).toBe(true);
      const { withdrawn } = spent as Extract<typeof spent, { kind: 'ok' }>;
      const failed = await on.store.fail(challenge.id, failEvents(challenge, now), now, withdrawn);
      expect(failed).toEqual({ status: 'approved', attemptsRemaining: 0 });
    });

    it('is no reuse of the code, of which each is recorded once', async () => {
      const now = newEpoch();
      for (const ledger of [true, false]) {
        const [resumed, direct] = await Promise.all([1, 2].map(() => on.created(newChallenge(now, { ledger }), now)));
        if (!resumed || !direct) throw new Error('not created');
        const attempts = [random(), random()];
        await on.answerRight(resumed, now, attempts[0]);
        await on.spend(direct, now, { attempt: attempts[1] ?? '' });
        await Promise.all([resumed, direct].map((challenge, i) => withdraw(challenge, attempts[i] ?? '', now)));
        for (const challenge of [resumed, direct]) {
          expect(await on.answerRight(challenge, now)).toBe(true);
          expect(await on.verdict(challenge, now)).toBe('already_used');
        }
        expect(types(await on.history(resumed))).toEqual(['created', 'approved', 'approval_resumed', 'replayed']);
        expect(types(await on.history(direct))).toEqual(['created', 'approved', 'replayed']);
      }
    });

    it('of a request that another run of has been answered: changes nothing', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      const [request, again] = ['seed.one', 'seed.two'];
      await on.answerRight(challenge, now, request);
      expect(await on.verdict(challenge, now, { attempt: again })).toBe('approved');
      await withdraw(challenge, request, now);
      await withdraw(challenge, again, now);
      expect(await on.verdict(challenge, now)).toBe('already_used');
      expect(await on.verdict(challenge, now, { attempt: 'seed.three' })).toBe('approved');
    });
  });

  describe('refund', () => {
    it('gives the attempt back, silently', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { maxAttempts: 1 }), now);
      const attempt = random();
      await on.spend(challenge, now, { attempt });
      await on.store.refund(challenge.id, attempt, now + 1);
      expect(await on.read(challenge)).toEqual(challenge);
      expect(await on.answerRight(challenge, now + 2)).toBe(true);
      expect(types(await on.history(challenge))).toEqual(['created', 'approved']);
    });

    it('gives the failure back to the budgets', async () => {
      const now = newEpoch();
      const budgets = [subjectBudget({ max: 1 })];
      const challenge = await on.created(newChallenge(now, { budgets }), now);
      for (let i = 0; i < 5; i += 1) {
        const attempt = random();
        expect(await on.verdict(challenge, now + i, { attempt })).toBe('ok');
        expect(await on.verdict(challenge, now + i)).toBe('locked');
        await on.store.refund(challenge.id, attempt, now + i);
      }
    });

    it('does not end a run of failures', async () => {
      const now = newEpoch();
      const budgets = [subjectBudget({ max: 0, hardMax: 3 })];
      const challenge = await on.created(newChallenge(now, { budgets }), now);
      await on.guessWrong(challenge, now);
      await on.guessWrong(challenge, now);
      const attempt = random();
      await on.spend(challenge, now, { attempt });
      await on.store.refund(challenge.id, attempt, now);
      await on.guessWrong(challenge, now);
      expect(await on.verdict(challenge, now)).toBe('locked');
    });

    it('of an attempt that has approved: gives it back, and to the budgets nothing more', async () => {
      const now = newEpoch();
      const budget = subjectBudget({ max: 100 });
      const challenge = await on.created(newChallenge(now, { budgets: [budget] }), now);
      for (let i = 0; i < 4; i += 1) await on.guessWrong(challenge, now);
      await unfinished(challenge, now + 1);
      expect(await on.read(challenge)).toMatchObject({ status: 'approved', attempts: 4, judged: 4 });
      const attempt = random();
      const spent = await on.spend(challenge, now + 2, { attempt });
      const state = { failures: 5, startedAt: now, lockedUntil: 0, inARow: 1 };
      expect(spent).toMatchObject({ kind: 'ok', budgets: new Map([[budget.key, state]]) });
      expect(await on.consume(challenge, now + 2, attempt)).toBe(true);
      expect(await on.read(challenge)).toMatchObject({ attempts: 5, judged: 5, dueAt: now + 2 + RECONCILE_MS });
    });

    it('of right answers after it: gives each back, and its failure to the budgets', async () => {
      const now = newEpoch();
      const budget = subjectBudget({ max: 100 });
      const challenge = await on.created(newChallenge(now, { budgets: [budget], maxAttempts: 2 }), now);
      await unfinished(challenge, now);
      await on.guessWrong(challenge, now);
      for (let i = 0; i < 5; i += 1) {
        const attempt = random();
        const spent = await on.spend(challenge, now, { attempt });
        const state = { failures: 2, startedAt: now, lockedUntil: 0, inARow: 2 };
        expect(spent).toMatchObject({ kind: 'ok', budgets: new Map([[budget.key, state]]) });
        await withdraw(challenge, attempt, now);
        await on.store.refund(challenge.id, attempt, now);
      }
      // Each of them approves in its turn, and is withdrawn as well.
      for (let i = 0; i < 5; i += 1) await unfinished(challenge, now);
      expect(await on.answerRight(challenge, now)).toBe(true);
    });

    it('gives nothing back where nothing is being judged, nor of a challenge that has ended otherwise', async () => {
      const now = newEpoch();
      const challenges = await Promise.all([1, 2].map(() => on.created(newChallenge(now), now)));
      const [one, two] = challenges as [Challenge, Challenge];
      await on.guessWrong(one, now);
      await on.answerRight(one, now);
      await on.spend(two, now);
      await cancel(two, now);
      for (const challenge of challenges) {
        const before = await on.read(challenge);
        await on.store.refund(challenge.id, random(), now);
        expect(await on.read(challenge)).toEqual(before);
      }
    });

    /** What else happens between a right answer that is not answered and the next one: in every order. */
    const late = ['withdraw', 'refund', 'consume', 'fail'] as const;
    it.each(orders(late))(
      '%s, %s, %s, %s: no more wrong answers are judged than there are attempts',
      async (...steps) => {
        const now = newEpoch();
        const challenge = await on.created(newChallenge(now, { maxAttempts: 3, ledger: false }), now);
        const attempt = random();
        // One that is wrong is being judged meanwhile.
        await on.spend(challenge, now);
        await on.spend(challenge, now, { attempt });
        const carryOut = {
          withdraw: () => withdraw(challenge, attempt, now),
          refund: () => on.store.refund(challenge.id, attempt, now),
          consume: () => on.consume(challenge, now, attempt),
          fail: () => on.store.fail(challenge.id, failEvents(challenge, now), now),
        };
        for (const step of steps) await carryOut[step]();
        await on.guessWrong(challenge, now);
        expect(await on.guessWrong(challenge, now)).toMatchObject({ attemptsRemaining: 0 });
        expect(await on.verdict(challenge, now)).toBe('exhausted');
      },
    );
  });

  /** A right answer that is carried out without an answer. */
  async function unfinished(challenge: Challenge, now: number): Promise<void> {
    const attempt = random();
    expect(await on.answerRight(challenge, now, attempt)).toBe(true);
    await withdraw(challenge, attempt, now);
    await on.store.refund(challenge.id, attempt, now);
  }
}

function orders<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first) => orders(items.filter((item) => item !== first)).map((rest) => [first, ...rest]));
}
