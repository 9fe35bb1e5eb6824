import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fromEventRow } from '../../../src/audit/events-table.ts';
import type { AcceptingStore } from '../../../src/verify/acceptance-ledger.ts';
import type { Limit } from '../../../src/verify/challenge.ts';
import { createEvents, eventOf, failEvents, newChange, newSpend } from '../../contract/build.ts';
import { type Opened, openStore } from '../../contract/open-store.ts';
import { describeWith, freshDatabase, freshRedis, freshRedisCluster } from '../../rig/stores.ts';
import { challengeOf, history, newWorld, type Step, type World } from './history.ts';

const LEASE = 5;

await describeWith(['redis'], 'the same random history gives the same answers, events and states', () => {
  compare('Redis', freshRedis);
  compare('Redis Cluster', freshRedisCluster);
});

function compare(name: string, freshServer: () => Promise<{ url: string; close(): void }>): void {
  const stores: Opened[] = [];
  let free = () => {};
  beforeAll(async () => {
    const [one, two, redis] = [await freshDatabase('sqlite'), await freshDatabase('sqlite'), await freshServer()];
    stores.push(await openStore({ databaseUrl: one.url }));
    stores.push(await openStore({ databaseUrl: two.url, redisUrl: redis.url }));
    free = redis.close;
  });
  afterAll(async () => {
    for (const opened of stores.splice(0)) await opened.close();
    free();
  });

  it(`on SQL and ${name}`, async () => {
    const [sql, redis] = stores as [Opened, Opened];
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const world = newWorld();
        for (const step of steps) {
          world.now += step.wait;
          const call = await prepare(world, step, sql.store);
          const [expected, actual] = await Promise.all([call(sql.store), call(redis.store)]);
          expect(actual).toEqual(expected);
        }
        await redis.drain();
        expect(await remains(redis, world)).toEqual(await remains(sql, world));
      }),
      { numRuns: 12, interruptAfterTimeLimit: 60_000 },
    );
  }, 120_000);
}

type Call = (store: AcceptingStore) => Promise<unknown>;

/** The step as a call that both stores get with the very same arguments. */
async function prepare(world: World, step: Step, sql: AcceptingStore): Promise<Call> {
  const { now, challenges } = world;
  if (step.kind === 'claim') return async (store) => (await store.claimDue(now, LEASE, 100)).sort(byId);
  if (step.kind === 'reset') {
    const key = world.budgets[step.budget]?.key ?? '';
    const { verificationId: _, ...event } = eventOf('recipient.rebound', challengeOf(world, 0), now);
    return (store) => store.resetBudget(key, event, now);
  }
  if (step.kind === 'create') {
    const challenge = step.replay ? challenges[step.of] : challengeOf(world, step.of);
    if (!challenge) throw new Error('no such kind');
    world.ids.add(challenge.id);
    const events = createEvents(challenge, now);
    return async (store) => {
      const result = await store.create(challenge, limitsAt(world, step.limits), events, now);
      if (result.kind === 'created') challenges[step.of] = challenge;
      return result;
    };
  }
  const challenge = challenges[step.of] ?? challengeOf(world, step.of);
  const { id } = challenge;
  switch (step.kind) {
    case 'spend': {
      const spend = newSpend(challenge, now, {
        attempt: step.attempt,
        ...(step.wrong === 'length' && { codeLength: 7 }),
        ...(step.wrong === 'context' && { contextDigest: 'another' }),
        ...(step.wrong === 'no context' && { contextDigest: null }),
        ...(step.wrong === 'project' && { project: 'prj_two' }),
      });
      return (store) => store.spend(id, spend, now);
    }
    case 'fail': {
      const events = failEvents(challenge, now);
      return ifThere(id, (store) => store.fail(id, events, now, ['a']));
    }
    case 'consume': {
      const event = eventOf('verification.approved', challenge, now);
      return ifThere(id, (store) => store.consume(id, step.attempt, event, now));
    }
    case 'withdraw': {
      const codeHash = challenge.secrets?.codeHash ?? '';
      return ifThere(id, (store) => store.withdraw(id, step.attempt, codeHash, now));
    }
    case 'refund':
      return (store) => store.refund(id, step.attempt, now);
    case 'record': {
      const event = eventOf('verification.blocked', challenge, now);
      return ifThere(id, (store) => store.record(event));
    }
    case 'advance': {
      const rev = ((await sql.get(id))?.rev ?? 1) - (step.late ? 1 : 0);
      const change = newChange(challenge, {
        status: step.status,
        step: rev,
        dueAt: step.dueAfter === null ? null : now + step.dueAfter,
        limits: limitsAt(world, step.limits),
        refused: eventOf('verification.blocked', challenge, now),
        events: [eventOf('verification.sent', challenge, now), eventOf('verification.delivered', challenge, now)],
        ...(step.judged && { judged: 1 }),
      });
      return (store) => store.advance(id, rev, change, now);
    }
  }
}

function limitsAt(world: World, places: readonly number[]): Limit[] {
  return world.limits.filter((_, place) => places.includes(place));
}

/**
 * What becomes of late events of a challenge that Redis does not know is tested with the recorder. None is accepted
 * before it is there: the ledger, which Redis would enter to be safe, would hold that against the one that comes after.
 */
function ifThere(id: string, call: Call): Call {
  return async (store) => (await store.get(id)) && call(store);
}

/** What a history leaves behind. */
async function remains({ store, db }: Opened, world: World) {
  const ids = [...world.ids];
  const events = await db.kysely.selectFrom('events').selectAll().where('verification_id', 'in', ids).execute();
  const keys = world.budgets.map(({ key }) => key);
  const budgets = await db.kysely.selectFrom('budgets').selectAll().where('key', 'in', keys).execute();
  return {
    challenges: await Promise.all(ids.map((id) => store.get(id))),
    events: events.map(fromEventRow).sort(byId),
    // A budget that was never failed on may have a row or none.
    budgets: budgets
      .filter(({ failures, locked_until, in_a_row }) => failures + locked_until + in_a_row > 0)
      .map(({ updated_at, ...state }) => state)
      .sort(byKey),
  };
}

function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : 1;
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}
