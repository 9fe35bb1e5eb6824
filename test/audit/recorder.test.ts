import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromEventRow } from '../../src/audit/events-table.ts';
import { type Recorder, startRecorder } from '../../src/audit/recorder.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { keys, type Tag, tagOfChallenge, tags } from '../../src/db/redis/keys.ts';
import { openRedis, type RedisHandle } from '../../src/db/redis.ts';
import type { Challenge } from '../../src/verify/challenge.ts';
import { createRedisStore } from '../../src/verify/redis-store.ts';
import type { ChallengeStore } from '../../src/verify/store.ts';
import { createEvents, eventOf, failEvents, newChallenge, newSpend, subjectBudget } from '../contract/build.ts';
import { describeWith, freshDatabase, freshRedis } from '../rig/stores.ts';

await describeWith(['redis'], 'the recorder, into SQLite', () => suite('sqlite'));
await describeWith(['redis', 'postgres'], 'the recorder, into PostgreSQL', () => suite('postgres'));

function suite(dialect: 'sqlite' | 'postgres'): void {
  let db: Database;
  let redis: RedisHandle;
  let store: ChallengeStore;
  const recorders: Recorder[] = [];

  beforeAll(async () => {
    const [database, server] = [await freshDatabase(dialect), await freshRedis()];
    db = await openDatabase(database.url);
    redis = await openRedis(server.url);
    store = createRedisStore(redis, { db });
  });
  afterAll(async () => {
    await redis.close();
    await db.close();
  });

  const start = () => startRecorder({ redis, db, now: Date.now });

  /** Records whatever waits. */
  async function record(): Promise<void> {
    const recorder = start();
    await recorder.drain();
    await recorder.stop();
  }

  async function eventsOf({ id }: Challenge) {
    const rows = await db.kysely.selectFrom('events').selectAll().where('verification_id', '=', id).execute();
    return rows.map(fromEventRow).sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0));
  }

  const recordOf = ({ id }: Challenge) =>
    db.kysely.selectFrom('verifications').selectAll().where('id', '=', id).executeTakeFirst();

  /** Wrong, then right: four events, three budget states. */
  async function liveThrough(changes: Partial<Challenge> = {}): Promise<Challenge> {
    const now = Date.now();
    const challenge = newChallenge(now, { budgets: [subjectBudget()], ledger: false, ...changes });
    await store.create(challenge, [], createEvents(challenge, now), now);
    await store.spend(challenge.id, newSpend(challenge, now), now);
    await store.fail(challenge.id, failEvents(challenge, now), now);
    await store.spend(challenge.id, newSpend(challenge, now), now);
    await store.consume(challenge.id, 'attempt', eventOf('verification.approved', challenge, now), now);
    return challenge;
  }

  const waiting = (tag: Tag) => redis.call((client) => client.xrange(keys.events(tag), '-', '+'));
  const append = (tag: Tag, fields: string[]) => redis.call((client) => client.xadd(keys.events(tag), '*', ...fields));

  it('keeps a verification as Redis had it, without its secrets', async () => {
    const challenge = await liveThrough();
    await record();
    const { facts, ...row } = (await recordOf(challenge)) ?? {};
    const { status, attempts, judged, rev, endedAt, ...given } = (await store.get(challenge.id)) ?? challenge;
    expect(JSON.parse(facts ?? '')).toMatchObject({ id: challenge.id, metadata: given.metadata, client: given.client });
    expect(row).toMatchObject({ status: 'approved', attempts, judged, rev, ended_at: endedAt, sequence: 3 });
    expect(row).toMatchObject({ due_at: null, code_hash: null, sealed: null, approved_by: 'attempt' });
    expect((await eventsOf(challenge)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    const [budget] = challenge.budgets;
    const kept = await db.kysely
      .selectFrom('budgets')
      .selectAll()
      .where('key', '=', budget?.key ?? '')
      .execute();
    expect(kept).toMatchObject([{ failures: 1, in_a_row: 0, locked_until: 0 }]);
  });

  it('changes nothing when the same entries come again, in any order', async () => {
    const challenge = await liveThrough();
    const tag = tagOfChallenge(challenge.id);
    const entries = [...(await waiting(tag)), ...(await waitingElsewhere(tag))];
    await record();
    const before = await everything();
    for (const order of [entries, entries.toReversed(), ...entries.map((entry) => [entry])]) {
      for (const [, fields] of order) await append(tag, fields);
      await record();
      expect(await everything()).toEqual(before);
    }
  });

  async function waitingElsewhere(except: Tag) {
    return (await Promise.all(tags.filter((tag) => tag !== except).map(waiting))).flat();
  }

  async function everything() {
    return {
      events: await db.kysely.selectFrom('events').selectAll().orderBy('id').execute(),
      verifications: await db.kysely.selectFrom('verifications').selectAll().orderBy('id').execute(),
      budgets: await db.kysely.selectFrom('budgets').selectAll().orderBy('key').execute(),
    };
  }

  it('numbers events of a verification that Redis has let go of, once', async () => {
    const challenge = await liveThrough();
    const tag = tagOfChallenge(challenge.id);
    await redis.call((client) => client.del(keys.state(tag, challenge.id)));
    const late = [1, 2].map((at) => eventOf('verification.replayed', challenge, Date.now() + at));
    for (const event of late) await store.record(event);
    const entries = (await waiting(tag)).slice(-2);
    await record();
    for (const [, fields] of entries) await append(tag, fields);
    const another = eventOf('verification.replayed', challenge, Date.now() + 3);
    await store.record(another);
    await record();
    const recorded = await eventsOf(challenge);
    expect(recorded.slice(3)).toEqual([...late, another].map((event, i) => ({ ...event, sequence: i + 4 })));
    expect(await recordOf(challenge)).toMatchObject({ sequence: 6 });
  });

  it('leaves the refusal of a verification unnumbered, even if it is created later', async () => {
    const now = Date.now();
    const challenge = newChallenge(now);
    const limit = { name: 'ip', key: `i:${challenge.id}`, max: 0, windowMs: 1000 };
    const events = createEvents(challenge, now);
    await store.create(challenge, [limit], events, now);
    await store.create(challenge, [], events, now);
    await record();
    expect(await eventsOf(challenge)).toEqual([{ ...events.created, sequence: 1 }]);
    const refused = await db.kysely.selectFrom('events').selectAll().where('id', '=', events.refused.id).execute();
    expect(refused.map(fromEventRow)).toEqual([{ ...events.refused, data: { ...events.refused.data, limit: 'ip' } }]);
  });

  describe('what cannot be recorded', () => {
    const event = (changes: object) => JSON.stringify({ ...eventOf('key.created', newChallenge(0), 0), ...changes });
    const broken: [string, string[]][] = [
      ['no JSON', ['e', '{']],
      ['no event', ['e', '{"id":"evt_1"}']],
      ['an unknown field', ['e', event({}), 'z', '1']],
      ['a broken snapshot', ['e', event({}), 's', 'pending 0 0']],
      ['a broken budget', ['b:key', '1:2:3']],
      // SQLite would take it.
      ...(dialect === 'postgres'
        ? [['what the database will not take', ['e', event({ actor: 'a\0b' })]] as [string, string[]]]
        : []),
    ];

    it.each(broken)('%s: is put aside with the reason and holds nothing up', async (_, fields) => {
      const recorder = start();
      const [tag = ''] = tags;
      const { buried } = await recorder.lag();
      const good = [await liveThrough(), await liveThrough()];
      await append(tag, fields);
      for (const challenge of good) await append(tag, ['e', event({ verificationId: challenge.id })]);
      await recorder.drain();
      for (const challenge of good) expect(await eventsOf(challenge)).toHaveLength(4);
      expect(await recorder.lag()).toEqual({ entries: 0, oldestMs: 0, buried: buried + 1 });
      const [letter] = await redis.call((client) => client.xrevrange(keys.deadLetters(tag), '+', '-', 'COUNT', 1));
      expect(letter?.[1]).toEqual([
        'id',
        expect.any(String),
        'reason',
        expect.any(String),
        'entry',
        JSON.stringify(fields),
      ]);
      await recorder.stop();
    });
  });

  it('says how much waits, and for how long', async () => {
    await liveThrough();
    const idle = startRecorder({ redis, db, now: () => Date.now() + 5_000 });
    await idle.stop();
    await liveThrough();
    const { entries, oldestMs } = await idle.lag();
    expect(entries).toBeGreaterThanOrEqual(5);
    expect(oldestMs).toBeGreaterThanOrEqual(5_000);
    await record();
    expect(await idle.lag()).toMatchObject({ entries: 0, oldestMs: 0 });
  });

  it('shares the work among any number of processes, and takes it over', async () => {
    recorders.push(start(), start(), start());
    const first = await Promise.all(Array.from({ length: 30 }, () => liveThrough()));
    await recorders[1]?.drain();
    await recorders.shift()?.stop();
    const second = await Promise.all(Array.from({ length: 30 }, () => liveThrough()));
    await recorders[0]?.drain();
    for (const challenge of [...first, ...second]) {
      expect((await eventsOf(challenge)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    }
    for (const recorder of recorders) await recorder.stop();
  });
}
