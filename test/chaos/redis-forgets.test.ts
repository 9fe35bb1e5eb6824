import { afterEach, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import type { Budget, Challenge } from '../../src/verify/challenge.ts';
import {
  createEvents,
  eventOf,
  failEvents,
  HOUR,
  newChallenge,
  newEpoch,
  newPerson,
  newSpend,
  random,
  recipientBudget,
  subjectBudget,
} from '../contract/build.ts';
import { type Opened, openStore } from '../contract/open-store.ts';
import { describeWith, freshDatabase, privateRedis, privateRedisCluster, privateRedisSentinel } from '../rig/stores.ts';

await describeWith(['redis', 'postgres'], 'when Redis forgets', () => {
  const cleanUps: (() => Promise<unknown> | unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  async function open(redisUrl: string): Promise<Opened> {
    const database = await freshDatabase('postgres');
    const opened = await openStore({ databaseUrl: database.url, redisUrl });
    cleanUps.push(database.close, opened.close);
    return opened;
  }

  async function create({ store }: Opened, now: number, changes: Partial<Challenge> = {}): Promise<Challenge> {
    const challenge = newChallenge(now, { maxAttempts: 100, ...changes });
    await patiently(() => store.create(challenge, [], createEvents(challenge, now), now));
    return challenge;
  }

  async function guessWrong({ store }: Opened, challenge: Challenge, now: number): Promise<void> {
    expect((await store.spend(challenge.id, newSpend(challenge, now), now)).kind).toBe('ok');
    await store.fail(challenge.id, failEvents(challenge, now), now);
  }

  const approve = ({ store }: Opened, challenge: Challenge, attempt: string, now: number) =>
    store.consume(challenge.id, attempt, eventOf('verification.approved', challenge, now), now);

  /** Says how a new challenge with this budget would fare. */
  const tryBudget = ({ store }: Opened, budget: Budget, now: number) => {
    const challenge = newChallenge(now, { budgets: [budget] });
    return patiently(() => store.create(challenge, [], createEvents(challenge, now), now));
  };

  /** Locks three budgets in three ways and leaves a fourth half used; all of it recorded. */
  async function useBudgets(opened: Opened, now: number): Promise<Budget[]> {
    const budgets = [
      recipientBudget(newPerson(), { max: 3 }),
      subjectBudget({ max: 3 }),
      subjectBudget({ max: 0, hardMax: 3 }),
      subjectBudget({ max: 4 }),
    ];
    const challenge = await create(opened, now, { budgets });
    for (let i = 0; i < 3; i += 1) await guessWrong(opened, challenge, now);
    await opened.drain();
    return budgets;
  }

  async function expectRemembered(opened: Opened, budgets: Budget[], now: number): Promise<void> {
    const [recipient, subject, hard, half] = budgets as [Budget, Budget, Budget, Budget];
    expect(await tryBudget(opened, recipient, now)).toEqual({ kind: 'locked', budget: 'recipient', until: now + HOUR });
    expect(await tryBudget(opened, subject, now)).toEqual({ kind: 'locked', budget: 'subject', until: now + HOUR });
    expect(await tryBudget(opened, hard, now)).toEqual({ kind: 'locked', budget: 'subject', until: null });
    await guessWrong(opened, await create(opened, now, { budgets: [half] }), now);
    expect(await tryBudget(opened, half, now)).toEqual({ kind: 'locked', budget: 'subject', until: now + HOUR });
  }

  describe('guesses stay counted', () => {
    it('after FLUSHALL', async () => {
      const redis = await privateRedis();
      cleanUps.push(redis.stop);
      const opened = await open(redis.url);
      const now = newEpoch();
      const budgets = await useBudgets(opened, now);
      await opened.redis?.call((client) => client.flushall());
      await expectRemembered(opened, budgets, now);
    });

    it('after a restart without a memory', async () => {
      const redis = await privateRedis();
      cleanUps.push(redis.stop);
      const opened = await open(redis.url);
      const now = newEpoch();
      const budgets = await useBudgets(opened, now);
      await redis.kill();
      await redis.start();
      await expectRemembered(opened, budgets, now);
    });

    it('after the nodes of a cluster restarted without a memory', async () => {
      const { url, nodes } = await privateRedisCluster();
      cleanUps.push(...nodes.map((node) => node.stop));
      const opened = await open(url);
      const now = newEpoch();
      const budgets = await useBudgets(opened, now);
      for (const node of nodes) {
        await node.kill();
        await node.start();
      }
      await expectRemembered(opened, budgets, now);
    });
  });

  it('a fail-over to a replica that had missed everything: guesses stay counted, a used code stays used', async () => {
    const { url, master, replica, sentinels } = await privateRedisSentinel();
    cleanUps.push(replica.stop, ...sentinels.map((sentinel) => sentinel.stop));
    const opened = await open(url);
    const now = newEpoch();
    const challenge = await create(opened, now);
    // The replica has the challenge; it gets nothing more, as it cannot log in any longer.
    await patiently(() => replicated(opened));
    await opened.redis?.call((client) => client.call('CONFIG', 'SET', 'requirepass', random()));
    await opened.redis?.call((client) => client.call('CLIENT', 'KILL', 'TYPE', 'replica'));
    const budgets = await useBudgets(opened, now);
    expect(await answer(opened, challenge, 'attempt-1', now)).toBe(true);

    await master.kill();
    const found = await patiently(() => opened.store.get(challenge.id));
    expect(found).toMatchObject({ status: 'pending', attempts: 0 }); // it has forgotten
    await expectRemembered(opened, budgets, now);
    expect(await answer(opened, challenge, 'attempt-2', now)).toBe(false);
    // The request that was approved may come again.
    expect(await answer(opened, challenge, 'attempt-1', now)).toBe(true);
  }, 120_000);

  async function replicated({ redis }: Opened): Promise<void> {
    const replicas = await redis?.call((client) => client.call('WAIT', '1', '500'));
    if (replicas !== 1) throw new StoreUnavailable('redis');
  }

  async function answer(opened: Opened, challenge: Challenge, attempt: string, now: number): Promise<boolean> {
    const spent = await opened.store.spend(challenge.id, newSpend(challenge, now, { attempt }), now);
    expect(spent.kind).toBe('ok');
    return approve(opened, challenge, attempt, now);
  }
});

/** As a caller does who is told to come back later. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || Date.now() > end) throw error;
    }
  }
}
