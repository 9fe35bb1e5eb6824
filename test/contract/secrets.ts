import { describe, expect, it } from 'vitest';
import type { Challenge } from '../../src/verify/challenge.ts';
import { createEvents, newChallenge, newChange, newEpoch, newPerson, random } from './build.ts';
import type { Scenario } from './scenario.ts';

export function secretsContract(on: Scenario): void {
  const ends: [string, (challenge: Challenge, now: number) => Promise<unknown>][] = [
    ['approved', (challenge, now) => on.answerRight(challenge, now)],
    ['exhausted', (challenge, now) => on.guessWrong(challenge, now)],
    [
      'canceled',
      (challenge, now) => on.store.advance(challenge.id, 1, newChange(challenge, { status: 'canceled' }), now),
    ],
    ['canceled by a wrong context', (challenge, now) => on.spend(challenge, now, { contextDigest: random() })],
  ];

  describe('secrets', () => {
    it.each(ends)('of a challenge that was %s are nowhere in the store', async (_, end) => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now, { maxAttempts: 1, contextDigest: random() }), now);
      const { codeHash = '', sealed = '' } = challenge.secrets ?? {};
      expect(await on.dump()).toContain(codeHash); // the search finds what is there
      await end(challenge, now + 1);
      const dump = await on.dump();
      expect(dump).toContain(challenge.id);
      expect(dump).not.toContain(codeHash);
      expect(dump).not.toContain(sealed);
    });

    it('that a newer code replaced are nowhere in the store', async () => {
      const now = newEpoch();
      const challenge = await on.created(newChallenge(now), now);
      const secrets = { codeHash: random(), sealed: random() };
      await on.store.advance(challenge.id, 1, newChange(challenge, { secrets }), now);
      const dump = await on.dump();
      expect(dump).toContain(secrets.codeHash);
      expect(dump).not.toContain(challenge.secrets?.codeHash);
    });

    it('of a refused creation are nowhere in the store', async () => {
      const now = newEpoch();
      const challenge = newChallenge(now);
      const limits = [{ name: 'ip', key: `i:${random()}`, max: 0, windowMs: 1000 }];
      await on.store.create(challenge, limits, createEvents(challenge, now), now);
      expect(await on.dump()).not.toContain(challenge.secrets?.codeHash);
    });

    it('and full numbers are in no event', async () => {
      const now = newEpoch();
      const who = newPerson();
      const challenge = await on.created(newChallenge(now, { maxAttempts: 2, contextDigest: random() }, who), now);
      await on.guessWrong(challenge, now);
      await on.spend(challenge, now, { contextDigest: null });
      await on.answerRight(challenge, now);
      await on.spend(challenge, now);
      const log = JSON.stringify(await on.history(challenge));
      for (const secret of [who.to, challenge.secrets?.codeHash, challenge.secrets?.sealed, challenge.contextDigest]) {
        expect(log).not.toContain(secret);
      }
    });
  });
}
