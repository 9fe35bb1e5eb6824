import { afterAll, beforeAll, expect } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { AcceptingStore } from '../../src/verify/acceptance-ledger.ts';
import type { Challenge, Limit } from '../../src/verify/challenge.ts';
import type { ChallengeStore, CreateResult, Spend, SpendResult } from '../../src/verify/store.ts';
import { createEvents, eventOf, failEvents, newSpend, random } from './build.ts';

export interface StoreUnderTest {
  store: AcceptingStore;
  /** Everything recorded so far (on Redis the recorder is drained first). */
  events(): Promise<AuditEvent[]>;
  /** All that is kept anywhere, as text to be searched for what must not be there. */
  dump(): Promise<string>;
  close(): Promise<void>;
}

export type MakeStore = () => Promise<StoreUnderTest>;

/** The words the contract is written in, over one store for the whole suite. */
export interface Scenario {
  readonly store: AcceptingStore;
  create(challenge: Challenge, now: number, limits?: Limit[]): Promise<CreateResult>;
  /** Creates it, and it must work. */
  created(challenge: Challenge, now: number, limits?: Limit[]): Promise<Challenge>;
  spend(challenge: Challenge, now: number, changes?: Partial<Spend>): Promise<SpendResult>;
  /** `ok`, or why not. */
  verdict(challenge: Challenge, now: number, changes?: Partial<Spend>): Promise<string>;
  /** A wrong answer; it must be judged. */
  guessWrong(challenge: Challenge, now: number): ReturnType<ChallengeStore['fail']>;
  /** A right answer; it must be judged. Says whether it was accepted. */
  answerRight(challenge: Challenge, now: number, attempt?: string): Promise<boolean>;
  consume(challenge: Challenge, now: number, attempt?: string): Promise<boolean>;
  read(challenge: Challenge): Promise<Challenge>;
  /** The events of a challenge in order; their sequence must have no gap. */
  history(challenge: Challenge): Promise<AuditEvent[]>;
  /** All events that name a challenge. */
  recordedFor(challenge: Challenge): Promise<AuditEvent[]>;
  /** The starts for its recipient that were refused. */
  refusalsOf(challenge: Challenge): Promise<AuditEvent[]>;
  events(): Promise<AuditEvent[]>;
  dump(): Promise<string>;
}

export function useStore(makeStore: MakeStore): Scenario {
  let subject: StoreUnderTest;
  beforeAll(async () => {
    subject = await makeStore();
  });
  afterAll(() => subject?.close());

  const scenario: Scenario = {
    get store() {
      return subject.store;
    },
    create: (challenge, now, limits = []) => subject.store.create(challenge, limits, createEvents(challenge, now), now),
    async created(challenge, now, limits) {
      expect(await scenario.create(challenge, now, limits)).toEqual({ kind: 'created' });
      return challenge;
    },
    spend: (challenge, now, changes) => subject.store.spend(challenge.id, newSpend(challenge, now, changes), now),
    async verdict(challenge, now, changes) {
      const result = await scenario.spend(challenge, now, changes);
      return result.kind === 'refused' ? result.reason : result.kind;
    },
    async guessWrong(challenge, now) {
      const spent = await scenario.spend(challenge, now);
      if (spent.kind !== 'ok') throw new Error(`not judged: ${JSON.stringify(spent)}`);
      return subject.store.fail(challenge.id, failEvents(challenge, now), now, spent.withdrawn);
    },
    async answerRight(challenge, now, attempt = random()) {
      expect(await scenario.verdict(challenge, now, { attempt })).toBe('ok');
      return scenario.consume(challenge, now, attempt);
    },
    consume: (challenge, now, attempt = random()) =>
      subject.store.consume(challenge.id, attempt, eventOf('verification.approved', challenge, now), now),
    async read(challenge) {
      const found = await subject.store.get(challenge.id);
      if (!found) throw new Error(`${challenge.id} is not in the store`);
      return found;
    },
    async history(challenge) {
      const events = await scenario.recordedFor(challenge);
      events.sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0));
      expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1));
      return events;
    },
    recordedFor: async (challenge) =>
      (await subject.events()).filter(({ verificationId }) => verificationId === challenge.id),
    refusalsOf: async ({ recipientHash }) =>
      (await subject.events()).filter(
        ({ type, recipient }) => type === 'verification.blocked' && recipient?.hash === recipientHash,
      ),
    events: () => subject.events(),
    dump: () => subject.dump(),
  };
  return scenario;
}

export function types(events: readonly AuditEvent[]): string[] {
  return events.map((event) => event.type.replace('verification.', ''));
}
