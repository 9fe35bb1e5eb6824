import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../src/db/open.ts';
import { keys, tags } from '../../../src/db/redis/keys.ts';
import { openRedis, type RedisHandle } from '../../../src/db/redis.ts';
import { StoreUnavailable } from '../../../src/lib/errors.ts';
import type { Budget } from '../../../src/verify/challenge.ts';
import { tagOfCounter } from '../../../src/verify/redis/counters.ts';
import { createRedisStore } from '../../../src/verify/redis-store.ts';
import { createEvents, HOUR, newChallenge, newEpoch, newSpend, random, subjectBudget } from '../../contract/build.ts';
import { describeWith, freshDatabase, freshRedis } from '../../rig/stores.ts';

await describeWith(['redis'], 'budgets that Redis has lost', () => {
  let redis: RedisHandle;
  let db: Database;
  const now = newEpoch();

  beforeAll(async () => {
    db = await openDatabase((await freshDatabase('sqlite')).url);
  });
  afterAll(() => db.close());

  // Of its own for each test: what nobody waits for any more may still be put back.
  beforeEach(async () => {
    redis = await openRedis((await freshRedis()).url);
    await db.kysely.deleteFrom('budgets').execute();
  });
  afterEach(() => redis.close());

  const forget = () => redis.call((client) => client.flushdb());
  const open = () => createRedisStore(redis, { db });

  /** A budget locked in SQL, as another Redis left it. */
  async function locked(count: number): Promise<Budget[]> {
    const budgets = Array.from({ length: count }, () => subjectBudget({ max: 3 }));
    const state = { failures: 3, started_at: now, locked_until: now + HOUR, in_a_row: 3, updated_at: now };
    for (let i = 0; i < count; i += 500) {
      const rows = budgets.slice(i, i + 500).map(({ key }) => ({ key, ...state }));
      await db.kysely.insertInto('budgets').values(rows).execute();
    }
    return budgets;
  }

  function tryBudget(budget: Budget, store = open()) {
    const challenge = newChallenge(now, { budgets: [budget] });
    return store.create(challenge, [], createEvents(challenge, now), now);
  }

  it('are back before the first call is answered, all of them', async () => {
    const budgets = await locked(2_500);
    await forget();
    const store = open();
    for (const budget of [budgets.at(0), budgets.at(1_234), budgets.at(-1)]) {
      expect(await tryBudget(budget as Budget, store)).toMatchObject({ kind: 'locked' });
    }
    const there = await Promise.all(
      budgets.map(({ key }) => redis.call((client) => client.get(keys.budget(tagOfCounter(key), key)))),
    );
    expect(there.filter((state) => state?.startsWith('3:'))).toHaveLength(2_500);
  });

  it('are back when many processes find out at once', async () => {
    const [budget] = (await locked(1)) as [Budget];
    await forget();
    const results = await Promise.all(Array.from({ length: 20 }, () => tryBudget(budget, open())));
    for (const result of results) expect(result).toEqual({ kind: 'locked', budget: 'subject', until: now + HOUR });
  });

  it('do not take the place of newer ones, but of older ones', async () => {
    const [newer, older] = (await locked(2)) as [Budget, Budget];
    await forget();
    const put = ({ key }: Budget, version: number) =>
      redis.call((client) => client.set(keys.budget(tagOfCounter(key), key), `1:${now}:0:1:${version}`));
    await put(newer, now + 1);
    await put(older, now - 1);
    expect(await tryBudget(newer)).toEqual({ kind: 'created' });
    expect(await tryBudget(older)).toMatchObject({ kind: 'locked' });
  });

  it('are put back again when they get lost while they are put back', async () => {
    const budgets = await locked(3_000);
    // Not even once is a call answered as if there had been no failures.
    const answerTo = (budget: Budget) =>
      tryBudget(budget).then(
        ({ kind }) => kind,
        (error) => error.constructor.name,
      );
    const answers: Promise<string>[] = [];
    for (const [i, budget] of budgets.slice(0, 20).entries()) {
      await forget();
      answers.push(answerTo(budget));
      await new Promise((resolve) => setTimeout(resolve, i % 5));
    }
    for (const budget of budgets.slice(-5)) answers.push(answerTo(budget));
    expect((await Promise.all(answers)).filter((answer) => !['locked', 'StoreUnavailable'].includes(answer))).toEqual(
      [],
    );
  });

  it('are asked for by every script: a fail-over looks the same', async () => {
    const store = open();
    const [budget] = (await locked(1)) as [Budget];
    const challenge = newChallenge(now, { budgets: [subjectBudget()] });
    await store.create(challenge, [], createEvents(challenge, now), now);
    // A replica brings the marks of the master that it followed.
    for (const tag of tags) await redis.call((client) => client.set(keys.generation(tag), random()));
    expect((await store.spend(challenge.id, newSpend(challenge, now), now)).kind).toBe('ok');
    expect(await tryBudget(budget, store)).toMatchObject({ kind: 'locked' });
  });

  it('keep Redis out of use while SQL is away', async () => {
    const away = await openDatabase((await freshDatabase('sqlite')).url);
    await away.close();
    const store = createRedisStore(redis, { db: away });
    const challenge = newChallenge(now, { budgets: [subjectBudget()] });
    const create = () => store.create(challenge, [], createEvents(challenge, now), now);
    await forget();
    await expect(create()).rejects.toThrow(StoreUnavailable);
    await expect(create()).rejects.toMatchObject({ store: 'redis' });
    // Another process whose database is there is enough for all.
    await tryBudget(subjectBudget());
    expect(await create()).toEqual({ kind: 'created' });
  });
});
