import { describe, expect, it } from 'vitest';
import type { Challenge, Send } from '../../src/verify/challenge.ts';
import { RECONCILE_MS } from '../../src/verify/store.ts';
import {
  cooldown,
  customLimit,
  eventOf,
  HOUR,
  MINUTE,
  newChallenge,
  newChange,
  newEpoch,
  newPerson,
  random,
  recipientLimit,
  SECOND,
} from './build.ts';
import { type Scenario, types } from './scenario.ts';

export function flowContract(on: Scenario): void {
  const sent = (now: number): Send[] => [
    { channel: 'sms', status: 'sent', at: now, provider: 'sandbox' },
    { channel: 'voice', status: 'queued', at: now + 1, reason: 'no answer' },
  ];

  describe('advance', () => {
    it('changes the flow, raises rev and records the events in order', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      const events = [
        eventOf('verification.sent', challenge, now + 1, { provider: 'sandbox' }),
        eventOf('verification.delivered', challenge, now + 1),
      ];
      const change = newChange(challenge, { sends: sent(now), step: 1, nextSendAt: null, dueAt: now + HOUR, events });
      expect(await on.store.advance(challenge.id, 1, change, now + 1)).toEqual({ kind: 'ok', rev: 2 });
      const expected = { ...challenge, sends: sent(now), step: 1, nextSendAt: null, dueAt: now + HOUR, rev: 2 };
      expect(await on.read(challenge)).toEqual(expected);
      expect((await on.history(challenge)).slice(1)).toEqual(events.map((event, i) => ({ ...event, sequence: i + 2 })));
    });

    it.each([0, 1, 3])('with rev %i where 2 is current: changes, takes and records nothing', async (rev) => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.store.advance(challenge.id, 1, newChange(challenge, { step: 1 }), now);
      const before = await on.read(challenge);
      const limit = customLimit(1, HOUR);
      const change = newChange(challenge, {
        sends: sent(now),
        status: 'canceled',
        limits: [limit],
        events: [eventOf('verification.canceled', challenge, now)],
        refused: eventOf('verification.blocked', challenge, now),
      });
      expect(await on.store.advance(challenge.id, rev, change, now)).toEqual({ kind: 'conflict' });
      expect(await on.read(challenge)).toEqual(before);
      expect(types(await on.history(challenge))).toEqual(['created']);
      await on.created(newChallenge(now), now, [limit]);
    });

    it('of an unknown challenge is a conflict', async () => {
      const now = newEpoch();
      const challenge = newChallenge(now);
      expect(await on.store.advance(challenge.id, 1, newChange(challenge), now)).toEqual({ kind: 'conflict' });
      expect(await on.store.get(challenge.id)).toBeNull();
    });

    it('lets one of many through that read the same', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) => on.store.advance(challenge.id, 1, newChange(challenge, { step: i }), now)),
      );
      expect(results.filter(({ kind }) => kind === 'ok')).toHaveLength(1);
      expect((await on.read(challenge)).rev).toBe(2);
    });

    it('goes on beside attempts: spend does not raise rev', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.guessWrong(challenge, now);
      const result = await on.store.advance(challenge.id, 1, newChange(challenge, { sends: sent(now) }), now);
      expect(result.kind).toBe('ok');
      expect(await on.read(challenge)).toMatchObject({ attempts: 1, judged: 1, sends: sent(now) });
    });

    it('keeps the secrets, or takes new ones', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.store.advance(challenge.id, 1, newChange(challenge), now);
      expect((await on.read(challenge)).secrets).toEqual(challenge.secrets);
      const secrets = { codeHash: random(), sealed: random() };
      await on.store.advance(challenge.id, 2, newChange(challenge, { secrets }), now);
      expect(await on.spend(challenge, now)).toMatchObject({ kind: 'ok', challenge: { secrets } });
    });

    it('writes attempts off as judged', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.spend(challenge, now);
      await on.store.advance(challenge.id, 1, newChange(challenge, { judged: 1 }), now);
      expect(await on.read(challenge)).toMatchObject({ attempts: 1, judged: 1 });
    });

    it.each(['canceled', 'expired', 'undeliverable'] as const)(
      'to %s ends it and erases the secrets',
      async (status) => {
        const now = newEpoch();
        const challenge = await on.created(newChallenge(now), now);
        const secrets = { codeHash: random(), sealed: random() };
        const change = newChange(challenge, { status, secrets, nextSendAt: null, dueAt: null });
        await on.store.advance(challenge.id, 1, change, now + 5);
        expect(await on.read(challenge)).toMatchObject({ status, endedAt: now + 5, secrets: null, dueAt: null });
      },
    );

    it('of an ended challenge changes the flow, but neither its end nor its secrets', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      await on.answerRight(challenge, now + 1);
      for (const [rev, status] of [
        [2, 'pending'],
        [3, 'canceled'],
        [4, 'approved'],
      ] as const) {
        const secrets = { codeHash: random(), sealed: random() };
        const change = newChange(challenge, { sends: sent(now + rev), status, secrets, dueAt: null, nextSendAt: null });
        expect(await on.store.advance(challenge.id, rev, change, now + rev)).toEqual({ kind: 'ok', rev: rev + 1 });
        const expected = { status: 'approved', endedAt: now + 1, secrets: null, sends: sent(now + rev), dueAt: null };
        expect(await on.read(challenge)).toMatchObject(expected);
      }
    });
  });

  describe('advance: limits', () => {
    it('are taken with the change', async () => {
      const now = newEpoch();
      const who = newPerson();
      const limits = [cooldown(who), customLimit(5, HOUR)];
      const challenge = await on.created(newChallenge(now, {}, who), now);
      expect((await on.store.advance(challenge.id, 1, newChange(challenge, { limits }), now)).kind).toBe('ok');
      const refused = await on.create(newChallenge(now, {}, who), now + 1, limits);
      expect(refused).toEqual({ kind: 'limited', limit: 'recipient_cooldown', retryAt: now + MINUTE });
    });

    it('refuse the whole change: nothing is taken or changed, and `refused` is recorded with the name', async () => {
      const now = newEpoch();
      const who = newPerson();
      const roomy = customLimit(1, HOUR);
      const challenge = await on.created(newChallenge(now, {}, who), now, [cooldown(who)]);
      const refused = eventOf('verification.blocked', challenge, now + 1, { channel: 'sms' });
      const change = newChange(challenge, {
        sends: sent(now),
        secrets: { codeHash: random(), sealed: random() },
        limits: [roomy, cooldown(who)],
        events: [eventOf('verification.sent', challenge, now + 1)],
        refused,
      });
      const result = await on.store.advance(challenge.id, 1, change, now + 1);
      expect(result).toEqual({ kind: 'limited', limit: 'recipient_cooldown', retryAt: now + MINUTE });
      expect(await on.read(challenge)).toEqual(challenge);
      expect((await on.history(challenge)).slice(1)).toEqual([
        { ...refused, data: { purpose: 'login', channel: 'sms', limit: 'recipient_cooldown' }, sequence: 2 },
      ]);
      await on.created(newChallenge(now), now, [roomy]);
      expect(await on.store.advance(challenge.id, 1, change, now + MINUTE)).toMatchObject({ limit: roomy.name });
    });

    it('let no more through when many resend at once', async () => {
      const now = newEpoch();
      const who = newPerson();
      const challenges = await Promise.all(
        Array.from({ length: 10 }, () => on.created(newChallenge(now, {}, who), now)),
      );
      const limits = [recipientLimit(who, 3, HOUR)];
      const resend = (challenge: Challenge) => on.store.advance(challenge.id, 1, newChange(challenge, { limits }), now);
      const results = await Promise.all(challenges.map(resend));
      expect(results.filter(({ kind }) => kind === 'ok')).toHaveLength(3);
    });
  });

  describe('claimDue', () => {
    const LEASE = 15 * SECOND;
    const due = (now: number, dueAt: number | null) => on.created(newChallenge(now, { dueAt }), now);
    const claim = async (now: number, max = 100) => {
      const claimed = await on.store.claimDue(now, LEASE, max);
      return claimed.sort((a, b) => a.id.localeCompare(b.id));
    };
    const ids = (challenges: Challenge[]) => challenges.map(({ id }) => id).sort();

    it('hands out what is due, raised and leased, with its secrets', async () => {
      const now = newEpoch();
      const challenge = await due(now, now + 5);
      await due(now, now + 6);
      await due(now, null);
      expect(await claim(now + 4)).toEqual([]);
      const leased = { ...challenge, rev: 2, dueAt: now + 5 + LEASE };
      expect(await claim(now + 5)).toEqual([leased]);
      expect(await on.read(challenge)).toEqual(leased);
      expect(types(await on.history(challenge))).toEqual(['created']);
    });

    it('leaves oldestDue saying how long the oldest has waited', async () => {
      const now = newEpoch();
      expect(await on.store.oldestDue(now)).toBeNull();
      await due(now, now + 3);
      await due(now, now + 7);
      expect(await on.store.oldestDue(now + 2)).toBeNull();
      expect(await on.store.oldestDue(now + 9)).toBe(now + 3);
      await claim(now + 9);
      expect(await on.store.oldestDue(now + 9)).toBeNull();
    });

    it('hands it out again only when the lease is over', async () => {
      const now = newEpoch();
      const challenge = await due(now, now);
      expect(await claim(now)).toHaveLength(1);
      expect(await claim(now + LEASE - 1)).toEqual([]);
      expect(await claim(now + LEASE)).toEqual([{ ...challenge, rev: 3, dueAt: now + 2 * LEASE }]);
    });

    it('fences off whoever held it before', async () => {
      const now = newEpoch();
      const challenge = await due(now, now);
      const [first] = await claim(now);
      const [second] = await claim(now + LEASE);
      const finish = (rev: number | undefined) =>
        on.store.advance(challenge.id, rev ?? 0, newChange(challenge, { sends: sent(now), dueAt: null }), now + LEASE);
      expect(await finish(first?.rev)).toEqual({ kind: 'conflict' });
      expect(await finish(second?.rev)).toEqual({ kind: 'ok', rev: 4 });
      expect(await claim(now + 3 * LEASE)).toEqual([]);
    });

    it('hands out no more than asked for, and the rest next time', async () => {
      const now = newEpoch();
      const all = await Promise.all(Array.from({ length: 7 }, () => due(now, now)));
      const [first, second, third] = [await claim(now, 3), await claim(now, 3), await claim(now, 3)];
      expect([first.length, second.length, third.length]).toEqual([3, 3, 1]);
      expect(ids([...first, ...second, ...third])).toEqual(ids(all));
    });

    it('hands each out once when many ask at once', async () => {
      const now = newEpoch();
      const all = await Promise.all(Array.from({ length: 20 }, () => due(now, now)));
      const claims = await Promise.all(Array.from({ length: 8 }, () => claim(now, 5)));
      const rest = await claim(now);
      expect(ids([...claims.flat(), ...rest])).toEqual(ids(all));
    });

    it('forgets an ended challenge, unless attempts of it are unjudged', async () => {
      const now = newEpoch();
      const [ended, open] = [await due(now, now + 1), await due(now, now + 1)];
      await on.answerRight(ended, now);
      await on.spend(open, now);
      await on.answerRight(open, now);
      expect(await claim(now + RECONCILE_MS - 1)).toEqual([]);
      const [reconciled, ...others] = await claim(now + RECONCILE_MS);
      expect(others).toEqual([]);
      expect(reconciled).toMatchObject({ id: open.id, status: 'approved', attempts: 2, judged: 1, secrets: null });
    });

    it('follows dueAt when a change moves it', async () => {
      const now = newEpoch();
      const challenge = await due(now, now + 1);
      await on.store.advance(challenge.id, 1, newChange(challenge, { dueAt: now + HOUR }), now);
      expect(await claim(now + MINUTE)).toEqual([]);
      expect(ids(await claim(now + HOUR))).toEqual([challenge.id]);
    });
  });
}
