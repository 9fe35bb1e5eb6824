import { afterAll, beforeAll, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import type { Challenge } from '../../src/verify/challenge.ts';
import type { ChallengeStore } from '../../src/verify/store.ts';
import {
  createEvents,
  eventOf,
  failEvents,
  newChallenge,
  newChange,
  newEpoch,
  newPerson,
  newSpend,
  random,
  recipientBudget,
} from '../contract/build.ts';
import { type Opened, openStore } from '../contract/open-store.ts';
import { migrateDatabase } from '../rig/migrated.ts';
import { APPEND_ALWAYS } from '../rig/redis-server.ts';
import { describeWith, freshDatabase, privatePostgres, privateRedis } from '../rig/stores.ts';
import { startProxy } from '../rig/tcp-proxy.ts';

/** A store and the ways to take it away and bring it back. */
interface Outage {
  opened: Opened;
  faults: Record<string, { begin(): unknown; end(): unknown }>;
  close(): Promise<unknown>;
}

const everyMethod: Record<
  keyof ChallengeStore,
  (store: ChallengeStore, it: Challenge, now: number) => Promise<unknown>
> = {
  create: (store, it, now) => store.create({ ...it, id: newChallenge(now).id }, [], createEvents(it, now), now),
  get: (store, it) => store.get(it.id),
  spend: (store, it, now) => store.spend(it.id, newSpend(it, now), now),
  fail: (store, it, now) => store.fail(it.id, failEvents(it, now), now),
  consume: (store, it, now) => store.consume(it.id, random(), eventOf('verification.approved', it, now), now),
  refund: (store, it, now) => store.refund(it.id, random(), now),
  advance: (store, it, now) => store.advance(it.id, it.rev, newChange(it), now),
  findLock: (store, it, now) => store.findLock({ ...it, budgets: [recipientBudget(newPerson())] }, now),
  claimDue: (store, _, now) => store.claimDue(now, 1000, 10),
  oldestDue: (store, _, now) => store.oldestDue(now),
  resetBudget: (store, it, now) => store.resetBudget(random(), eventOf('recipient.rebound', it, now), now),
  record: (store, it, now) => store.record(eventOf('verification.blocked', it, now)),
};

await describeWith(['redis', 'postgres'], 'a store that does not answer: Redis', () => {
  survives(['stopped', 'killed', 'hanging'], async () => {
    const server = await privateRedis(APPEND_ALWAYS);
    const database = await freshDatabase('postgres');
    return {
      opened: await openStore({ databaseUrl: database.url, redisUrl: server.url }),
      faults: {
        stopped: { begin: server.stop, end: server.start },
        killed: { begin: server.kill, end: server.start },
        hanging: { begin: server.pause, end: server.resume },
      },
      close: () => server.stop().then(database.close),
    };
  });
});

await describeWith(['postgres'], 'a store that does not answer: PostgreSQL', () => {
  survives(['stopped', 'killed', 'cut off'], async () => {
    const server = await privatePostgres();
    const proxy = await startProxy({ host: '127.0.0.1', port: server.port });
    const url = new URL(server.url);
    url.port = String(proxy.port);
    await migrateDatabase(url.href);
    return {
      opened: await openStore({ databaseUrl: url.href }),
      faults: {
        stopped: { begin: server.stop, end: server.start },
        killed: { begin: server.kill, end: server.start },
        'cut off': { begin: proxy.pause, end: proxy.resume },
      },
      close: () => proxy.close().then(server.stop),
    };
  });
});

function survives(names: string[], prepare: () => Promise<Outage>): void {
  let outage: Outage;
  beforeAll(async () => {
    outage = await prepare();
  });
  afterAll(async () => {
    await outage.opened.close();
    await outage.close();
  });

  async function newOne(now: number): Promise<Challenge> {
    const challenge = newChallenge(now, { dueAt: null });
    await outage.opened.store.create(challenge, [], createEvents(challenge, now), now);
    return challenge;
  }

  it.each(names)(
    '%s: every call fails, nothing acknowledged is forgotten, and it recovers by itself',
    async (name) => {
      const { opened, faults } = outage;
      const { store } = opened;
      const now = newEpoch();
      const [used, target] = [await newOne(now), await newOne(now)];
      await store.spend(used.id, newSpend(used, now), now);
      const acknowledged = await store.get(used.id);

      await faults[name]?.begin();
      // Of these it is not known whether they happened: they are about a challenge of their own.
      const results = await Promise.allSettled(Object.values(everyMethod).map((call) => call(store, target, now)));
      await faults[name]?.end();

      for (const [index, result] of results.entries()) {
        const expected = { status: 'rejected', reason: expect.any(StoreUnavailable) };
        expect(result, Object.keys(everyMethod)[index]).toMatchObject(expected);
      }
      expect(await recovered(() => store.get(used.id))).toEqual(acknowledged);
      for (const call of Object.values(everyMethod)) await recovered(async () => call(store, await newOne(now), now));
    },
    60_000,
  );
}

async function recovered<T>(call: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + 15_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || Date.now() > end) throw error;
    }
  }
}
