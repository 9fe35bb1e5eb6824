import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { keys, tagOfChallenge } from '../../src/db/redis/keys.ts';
import { openRedis, type RedisHandle } from '../../src/db/redis.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { type AcceptingStore, withAcceptanceLedger } from '../../src/verify/acceptance-ledger.ts';
import type { Challenge } from '../../src/verify/challenge.ts';
import { createRedisStore } from '../../src/verify/redis-store.ts';
import { createEvents, eventOf, newChallenge, newSpend, random } from '../contract/build.ts';
import { describeWith, freshDatabase, freshRedis } from '../rig/stores.ts';

await describeWith(['redis'], 'the acceptance ledger, in SQLite', () => suite('sqlite'));
await describeWith(['redis', 'postgres'], 'the acceptance ledger, in PostgreSQL', () => suite('postgres'));

function suite(dialect: 'sqlite' | 'postgres'): void {
  let db: Database;
  let redis: RedisHandle;
  let store: AcceptingStore;
  const now = Date.now();

  beforeAll(async () => {
    db = await openDatabase((await freshDatabase(dialect)).url);
    redis = await openRedis((await freshRedis()).url);
    store = withAcceptanceLedger(createRedisStore(redis, { db }), db);
  });
  afterAll(async () => {
    store.close();
    await redis.close();
    await db.close();
  });

  async function spent(changes: Partial<Challenge> = {}): Promise<Challenge> {
    const challenge = newChallenge(now, changes);
    await store.create(challenge, [], createEvents(challenge, now), now);
    await store.spend(challenge.id, newSpend(challenge, now), now);
    return challenge;
  }

  const consume = (challenge: Challenge, attempt: string) =>
    store.consume(challenge.id, attempt, eventOf('verification.approved', challenge, now), now);

  const withdraw = ({ id, secrets }: Challenge, attempt: string) =>
    store.withdraw(id, attempt, secrets?.codeHash ?? '', now);

  /** The answer has Redis forget what came after. */
  async function remember({ id }: Challenge): Promise<() => Promise<unknown>> {
    const key = keys.state(tagOfChallenge(id), id);
    const before = await redis.call((client) => client.dumpBuffer(key));
    return () => redis.call((client) => client.restore(key, 0, before ?? '', 'REPLACE'));
  }

  const entries = ({ id }: Challenge) =>
    db.kysely.selectFrom('acceptances').selectAll().where('challenge_id', '=', id).execute();

  it('takes an approval down before it is answered', async () => {
    const challenge = await spent();
    expect(await consume(challenge, 'attempt-1')).toBe(true);
    expect(await entries(challenge)).toEqual([
      { challenge_id: challenge.id, attempt: 'attempt-1', withdrawn: null, code_hash: null, at: now },
    ]);
  });

  it('accepts no other attempt after Redis forgot the approval, but the same one', async () => {
    const challenge = await spent();
    const forget = await remember(challenge);
    expect(await consume(challenge, 'attempt-1')).toBe(true);
    await forget();
    expect(await consume(challenge, 'attempt-2')).toBe(false);
    // Its process died before it could answer.
    expect(await consume(challenge, 'attempt-1')).toBe(true);
    expect(await consume(challenge, 'attempt-1')).toBe(false);
  });

  it('lets nobody take over from a run of a request of which another run may have been answered', async () => {
    const challenge = await spent();
    const forget = await remember(challenge);
    expect(await consume(challenge, 'request.one')).toBe(true);
    await forget();
    expect(await consume(challenge, 'request.two')).toBe(true);
    for (const run of ['request.one', 'request.two']) await withdraw(challenge, run);
    await forget();
    expect(await consume(challenge, 'other')).toBe(false);
    expect(await consume(challenge, 'request.three')).toBe(true);
  });

  it('tells no run of a request that it was approved, once another request has taken over', async () => {
    const challenge = await spent();
    expect(await consume(challenge, 'request.one')).toBe(true);
    const forget = await remember(challenge);
    await withdraw(challenge, 'request.one');
    expect(await consume(challenge, 'other')).toBe(true);
    await forget();
    const again = newSpend(challenge, now, { attempt: 'request.two' });
    expect(await store.spend(challenge.id, again, now)).toMatchObject({ kind: 'refused', reason: 'already_used' });
  });

  it('lets each of many people take over whose attempts failed at once', async () => {
    const lost = async () => Promise.reject(new StoreUnavailable('redis'));
    const failing = withAcceptanceLedger({ ...createRedisStore(redis, { db }), consume: lost }, db);
    const challenges = await Promise.all(Array.from({ length: 20 }, () => spent()));
    const taken = challenges.map(async (challenge) => {
      const event = eventOf('verification.approved', challenge, now);
      await expect(failing.consume(challenge.id, 'attempt-1', event, now)).rejects.toThrow(StoreUnavailable);
      await failing.withdraw(challenge.id, 'attempt-1', challenge.secrets?.codeHash ?? '', now);
      return consume(challenge, 'attempt-2');
    });
    expect(await Promise.all(taken)).toEqual(challenges.map(() => true));
    failing.close();
  });

  it('accepts one of many attempts at once, of each of many challenges', async () => {
    const challenges = await Promise.all(Array.from({ length: 20 }, () => spent()));
    const rounds = Array.from({ length: 10 }, () => challenges.map((challenge) => consume(challenge, random())));
    const results = await Promise.all(rounds.map((round) => Promise.all(round)));
    for (const [i, challenge] of challenges.entries()) {
      expect(results.map((round) => round[i]).filter(Boolean)).toHaveLength(1);
      expect(await entries(challenge)).toHaveLength(1);
    }
  });

  it('is left alone where the policy says so', async () => {
    const challenge = await spent({ ledger: false });
    expect(await consume(challenge, 'attempt-1')).toBe(true);
    expect(await entries(challenge)).toEqual([]);
  });

  it('is asked by a process that has not seen the attempt begin', async () => {
    const challenge = await spent();
    const other = withAcceptanceLedger(createRedisStore(redis, { db }), db);
    const event = eventOf('verification.approved', challenge, now);
    expect(await other.consume(challenge.id, 'attempt-1', event, now)).toBe(true);
    expect(await entries(challenge)).toHaveLength(1);
    other.close();
  });
}
