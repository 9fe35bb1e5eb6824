import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Challenge } from '../../src/verify/challenge.ts';
import { cooldown, createEvents, newChallenge, newEpoch, newPerson } from '../contract/build.ts';
import { type Opened, openStore, type Profile } from '../contract/open-store.ts';
import { type Order, type Outcome, type Racer, startRacer } from './racer.ts';

/** Rounds that go on side by side: the stores are shared, the challenges are not. */
const ABREAST = 4;

const ROUNDS = 100;

/** Two processes against each other, over and over, on one store. */
export function races(makeProfile: () => Promise<Profile>): void {
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

    /** Runs every round with a new challenge. */
    async function eachRound(
      changes: Partial<Challenge>,
      round: (challenges: Challenge[]) => Promise<void>,
    ): Promise<void> {
      for (let done = 0; done < ROUNDS; done += ABREAST) {
        const now = newEpoch();
        const challenges = Array.from({ length: ABREAST }, () => {
          const who = newPerson();
          return newChallenge(now, { sendLimits: [cooldown(who)], ...changes }, who);
        });
        await Promise.all(
          challenges.map((challenge) => opened.store.create(challenge, [], createEvents(challenge, now), now)),
        );
        await round(challenges);
      }
    }

    /** So many orders for each challenge, half of them to either process, all at the same time. */
    async function race(
      count: number,
      challenges: Challenge[],
      order: (challenge: Challenge) => Order,
    ): Promise<Outcome[][]> {
      const orders = Array.from({ length: count / racers.length }, () => challenges.map(order)).flat();
      const outcomes = await Promise.all(racers.map((racer) => racer.run(orders)));
      return challenges.map((_, index) =>
        outcomes.flatMap((ofRacer) => ofRacer.filter((_, place) => place % challenges.length === index).flat()),
      );
    }

    const answer = (right: boolean) => (challenge: Challenge) =>
      ({ do: 'answer', right, challenge, now: challenge.createdAt }) as const;
    const resend = (challenge: Challenge) => ({ do: 'resend', challenge, now: challenge.createdAt }) as const;
    const tally = (outcomes: Outcome[]) => Object.groupBy(outcomes, (outcome) => outcome);

    /** So many and no more, of which some may not have been heard of. */
    function expectAll(count: number, heard: Outcome[], unsure: Outcome[]): void {
      expect(heard.length).toBeLessThanOrEqual(count);
      expect(heard.length + unsure.length).toBeGreaterThanOrEqual(count);
    }

    it(`64 right answers at once: one is accepted (${ROUNDS} rounds)`, () =>
      eachRound({ maxAttempts: 1_000 }, async (challenges) => {
        for (const outcomes of await race(64, challenges, answer(true)))
          expect(tally(outcomes).approved).toHaveLength(1);
        for (const { id } of challenges) expect((await opened.store.get(id))?.status).toBe('approved');
      }));

    it(`200 wrong answers at once: five are judged, and the right one is refused afterwards (${ROUNDS} rounds)`, () =>
      eachRound({}, async (challenges) => {
        for (const outcomes of await race(200, challenges, answer(false))) {
          const { failed = [], exhausted = [], unsure = [] } = tally(outcomes);
          expectAll(5, failed, unsure);
          expect(failed.length + exhausted.length).toBe(200);
        }
        for (const outcomes of await race(2, challenges, answer(true))) {
          expect(tally(outcomes).exhausted).toHaveLength(2);
        }
      }));

    it(`30 resends at once: one goes out (${ROUNDS} rounds)`, () =>
      eachRound({}, async (challenges) => {
        for (const outcomes of await race(30, challenges, resend)) {
          const { sent = [], limited = [], unsure = [] } = tally(outcomes);
          expectAll(1, sent, unsure);
          expect(sent.length + limited.length).toBe(30);
        }
        for (const { id } of challenges) expect((await opened.store.get(id))?.sends).toHaveLength(2);
      }));
  });
}
