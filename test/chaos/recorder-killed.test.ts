import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { fromEventRow } from '../../src/audit/events-table.ts';
import { keys, tags } from '../../src/db/redis/keys.ts';
import type { RedisHandle } from '../../src/db/redis.ts';
import type { Challenge } from '../../src/verify/challenge.ts';
import type { ChallengeStore } from '../../src/verify/store.ts';
import { createEvents, eventOf, failEvents, newChallenge, newChange, newSpend, random } from '../contract/build.ts';
import { openStore, type Profile } from '../contract/open-store.ts';
import { freshProfile } from '../contract/store-under-test.ts';
import { FROM_SOURCE } from '../from-source.ts';
import { describeWith } from '../rig/stores.ts';

const KILLS = 12;

await describeWith(['redis', 'postgres'], 'a recorder that is killed again and again', () => {
  it('records every event exactly once, in order, and the state that Redis has', async () => {
    const { free, ...profile } = await freshProfile('redis');
    const writing = await openStore({ ...profile, records: false });
    const challenges: Challenge[] = [];
    const killing = killRecorders(profile, writing.redis);
    const expected: string[] = [];
    do {
      const lives = await Promise.all(Array.from({ length: 10 }, () => liveThrough(writing.store)));
      challenges.push(...lives.map(({ challenge }) => challenge));
      expected.push(...lives.flatMap(({ eventIds }) => eventIds));
    } while (await Promise.race([killing.then(() => false), sleep(5, true)]));

    const last = await openStore(profile);
    await last.drain();
    const rows = await last.db.kysely.selectFrom('events').selectAll().orderBy('position').execute();
    expect(rows.map(({ id }) => id).sort()).toEqual(expected.sort());
    const events = Map.groupBy(rows.map(fromEventRow), ({ verificationId }) => verificationId);
    for (const challenge of challenges) {
      const own = events.get(challenge.id) ?? [];
      expect(own.map(({ sequence }) => sequence)).toEqual(own.map((_, index) => index + 1));
      const { facts, sends, ...record } = await last.db.kysely
        .selectFrom('verifications')
        .selectAll()
        .where('id', '=', challenge.id)
        .executeTakeFirstOrThrow();
      const stored = await writing.store.get(challenge.id);
      expect(JSON.parse(sends)).toEqual(stored?.sends);
      expect(record).toMatchObject({
        status: stored?.status,
        attempts: stored?.attempts,
        judged: stored?.judged,
        ended_at: stored?.endedAt,
        rev: stored?.rev,
        sequence: own.length,
      });
    }
    await last.close();
    await writing.close();
    free();
  }, 120_000);
});

/** One after the other: the first at a random moment of its work, the next at the worst. */
async function killRecorders({ databaseUrl, redisUrl = '' }: Profile, redis: RedisHandle | null): Promise<void> {
  const script = fileURLToPath(new URL('recorder-process.ts', import.meta.url));
  for (let i = 0; i < KILLS; i += 1) {
    const end = i % 2 === 0 ? 'at a random moment' : 'at the worst moment';
    const child = fork(script, [databaseUrl, redisUrl, end], { execArgv: FROM_SOURCE });
    const exit = once(child, 'exit');
    await once(child, 'message');
    if (end === 'at a random moment') {
      await sleep(Math.random() * 100);
      child.kill('SIGKILL');
    }
    expect(await exit).toEqual([null, 'SIGKILL']);
    // As if its leases had run out: the next one takes up the work at once.
    await redis?.call((client) => client.del(...tags.map(keys.lease)));
  }
}

/** A wrong answer, a send, a right answer, a replay; the ids of what it must leave behind. */
async function liveThrough(store: ChallengeStore): Promise<{ challenge: Challenge; eventIds: string[] }> {
  const now = Date.now();
  const challenge = newChallenge(now);
  const created = createEvents(challenge, now);
  await store.create(challenge, [], created, now);
  await store.spend(challenge.id, newSpend(challenge, now), now);
  const failed = failEvents(challenge, now);
  await store.fail(challenge.id, failed, now);
  const sent = eventOf('verification.sent', challenge, now);
  const change = newChange(challenge, { sends: [{ channel: 'sms', status: 'sent', at: now }], events: [sent] });
  await store.advance(challenge.id, 1, change, now);
  await store.spend(challenge.id, newSpend(challenge, now), now);
  const approved = eventOf('verification.approved', challenge, now);
  await store.consume(challenge.id, random(), approved, now);
  const replay = newSpend(challenge, now);
  await store.spend(challenge.id, replay, now);
  return { challenge, eventIds: [created.created, failed.failed, sent, approved, replay.refused].map(({ id }) => id) };
}
