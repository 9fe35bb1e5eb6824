import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Challenge, Limit } from '../../src/verify/challenge.ts';
import type { FlowChange } from '../../src/verify/store.ts';
import { describeWith } from '../rig/stores.ts';
import * as build from './build.ts';
import { type Opened, openStore } from './open-store.ts';
import { freshProfile } from './store-under-test.ts';

const { DAY, HOUR, MINUTE } = build;

await describeWith(['redis', 'postgres'], 'what Redis keeps, and for how long', () => {
  let opened: Opened;
  let free: () => void;
  beforeAll(async () => {
    const profile = await freshProfile('redis');
    free = profile.free;
    opened = await openStore(profile);
  });
  afterAll(async () => {
    await opened.close();
    free();
  });

  const call = <T>(
    command: (client: { keys(pattern: string): Promise<string[]>; pttl(key: string): Promise<number> }) => Promise<T>,
  ) => opened.redis?.call(command as never) as Promise<T>;

  /** Milliseconds that the keys with this in their names have left; -1 for ever, null when there is no such key. */
  async function timeLeft(name: string): Promise<number | null> {
    const found = await call((client) => client.keys(`*${name}*`));
    const left = await Promise.all(found.map((key) => call((client) => client.pttl(key))));
    // The two halves of a challenge live as long as each other.
    expect(Math.max(...left) - Math.min(...left)).toBeLessThan(50);
    return left[0] ?? null;
  }

  /** The clocks of the test and of Redis differ; a second is enough for the way there. */
  function expectAbout(actual: number | null, expected: number): void {
    expect(actual).toBeGreaterThan(expected - 2000);
    expect(actual).toBeLessThanOrEqual(expected);
  }

  async function create(now: number, changes: Partial<Challenge> = {}, limits: Limit[] = []): Promise<Challenge> {
    const challenge = build.newChallenge(now, changes);
    await opened.store.create(challenge, limits, build.createEvents(challenge, now), now);
    return challenge;
  }

  const spend = (challenge: Challenge, now: number) =>
    opened.store.spend(challenge.id, build.newSpend(challenge, now), now);

  it('a pending challenge: until a day after its expiry', async () => {
    const now = build.newEpoch();
    const challenge = await create(now);
    expectAbout(await timeLeft(challenge.id), 10 * MINUTE + DAY);
    const change: FlowChange = build.newChange(challenge, { dueAt: now + HOUR });
    await opened.store.advance(challenge.id, 1, change, now + MINUTE);
    await spend(challenge, now + MINUTE);
    expectAbout(await timeLeft(challenge.id), 10 * MINUTE + DAY);
  });

  it('an ended challenge: for a quarter of an hour', async () => {
    const now = build.newEpoch();
    const ends: ((challenge: Challenge) => Promise<unknown>)[] = [
      (it) => opened.store.consume(it.id, 'attempt', build.eventOf('verification.approved', it, now), now),
      (it) => opened.store.fail(it.id, build.failEvents(it, now), now),
      (it) => opened.store.advance(it.id, 1, build.newChange(it, { status: 'canceled' }), now),
      (it) => opened.store.spend(it.id, build.newSpend(it, now, { contextDigest: build.random() }), now),
    ];
    for (const end of ends) {
      const challenge = await create(now, { maxAttempts: 1, contextDigest: build.random() });
      await spend(challenge, now);
      await end(challenge);
      expect((await opened.store.get(challenge.id))?.status).not.toBe('pending');
      expectAbout(await timeLeft(challenge.id), 15 * MINUTE);
    }
  });

  it('a counter of a limit: not shorter than its window, and not for ever', async () => {
    const now = build.newEpoch();
    const limit = build.customLimit(5, HOUR);
    await create(now, {}, [limit]);
    const left = await timeLeft(limit.key);
    expect(left).toBeGreaterThan(HOUR - 2000);
    expect(left).toBeLessThan(HOUR + DAY);
  });

  it('a budget: not shorter than its window or lock, and not for ever', async () => {
    const now = build.newEpoch();
    const budget = build.subjectBudget({ max: 2, windowMs: HOUR, lockMs: 3 * HOUR });
    const challenge = await create(now, { budgets: [budget] });
    await spend(challenge, now);
    expect(await timeLeft(budget.key)).toBeGreaterThan(HOUR - 2000);
    await spend(challenge, now);
    const left = await timeLeft(budget.key);
    expect(left).toBeGreaterThan(3 * HOUR - 2000);
    expect(left).toBeLessThan(3 * HOUR + DAY);
  });

  it('a run of failures: for ever, until a right answer ends it', async () => {
    const now = build.newEpoch();
    const budget = build.subjectBudget({ max: 0, hardMax: 100, windowMs: HOUR });
    const challenge = await create(now, { budgets: [budget] });
    await spend(challenge, now);
    expect(await timeLeft(budget.key)).toBe(-1);
    await opened.store.consume(challenge.id, 'attempt', build.eventOf('verification.approved', challenge, now), now);
    expect(await timeLeft(budget.key)).toBeGreaterThan(0);
  });

  it('nothing else grows: what is recorded leaves the streams', async () => {
    await opened.drain();
    const names = await call((client) => client.keys('*'));
    const lasting = await Promise.all(
      names.map(async (name) => ((await call((client) => client.pttl(name))) === -1 ? [name] : [])),
    );
    const kinds = new Set(lasting.flat().map((name) => name.replace(/^\{cs:\d\d\}:/, '')));
    expect([...kinds].filter((kind) => !['gen', 'keyspace', 'due', 'events'].includes(kind))).toEqual([]);
    expect((await opened.redis?.call((client) => client.xlen('{cs:00}:events'))) ?? 0).toBe(0);
  });
});
