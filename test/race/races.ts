import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Challenge } from '../../src/verify/challenge.ts';
import { createEvents, newChallenge, newEpoch, newPerson } from '../contract/build.ts';
import { type Opened, openStore, type Profile } from '../contract/open-store.ts';
import { type Order, type Outcome, type Racer, startRacer } from './racer.ts';

/** Two processes against each other, over and over, on one store. */
export function races(makeProfile: () => Promise<Profile>, rounds = 100): void {
  describe('races', { timeout: 300_000 }, () => {
    let racers: Racer[];
    let opened: Opened;
    beforeAll(async () => {
      const profile = await makeProfile();
      opened = await openStore(profile);
      racers = await Promise.all([startRacer(profile), startRacer(profile)]);
    });
    afterAll(async () => {
      await Promise.all(racers.map((racer) => racer.stop()));
      await opened.close();
    });

    async function newRound(changes: Partial<Challenge> = {}): Promise<Challenge> {
      const now = newEpoch();
      const challenge = newChallenge(now, changes, newPerson());
      await opened.store.create(challenge, [], createEvents(challenge, now), now);
      return challenge;
    }

    /** Both processes get half of them, at the same time. */
    async function all(count: number, order: Order): Promise<Outcome[]> {
      const outcomes = await Promise.all(racers.map((racer) => racer.run(Array(count / racers.length).fill(order))));
      return outcomes.flat();
    }

    const tally = (outcomes: Outcome[]) => Object.groupBy(outcomes, (outcome) => outcome);

    it(`64 right answers at once: one is accepted (${rounds} rounds)`, async () => {
      for (let round = 0; round < rounds; round += 1) {
        const challenge = await newRound({ maxAttempts: 64 });
        const outcomes = tally(await all(64, { do: 'answer', right: true, challenge, now: challenge.createdAt }));
        expect(outcomes.approved).toHaveLength(1);
        expect((await opened.store.get(challenge.id))?.status).toBe('approved');
      }
    });

    it(`200 wrong answers at once: five are judged, and the right one is refused afterwards (${rounds} rounds)`, async () => {
      for (let round = 0; round < rounds; round += 1) {
        const challenge = await newRound();
        const order = { do: 'answer', challenge, now: challenge.createdAt } as const;
        const outcomes = tally(await all(200, { ...order, right: false }));
        expect(outcomes.failed).toHaveLength(5);
        expect(outcomes.exhausted).toHaveLength(195);
        expect(await all(2, { ...order, right: true })).toEqual(['exhausted', 'exhausted']);
      }
    });

    it(`30 resends at once: one goes out (${rounds} rounds)`, async () => {
      for (let round = 0; round < rounds; round += 1) {
        const challenge = await newRound();
        const outcomes = tally(await all(30, { do: 'resend', challenge, now: challenge.createdAt }));
        expect(outcomes.sent).toHaveLength(1);
        expect(outcomes.limited).toHaveLength(29);
        expect((await opened.store.get(challenge.id))?.sends).toHaveLength(2);
      }
    });
  });
}
