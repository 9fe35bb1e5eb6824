import { sql } from 'kysely';
import { expect, it } from 'vitest';
import type { Database } from '../../src/db/open.ts';
import { batchTransaction } from '../../src/db/transaction.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import type { Challenge, Limit } from '../../src/verify/challenge.ts';
import { createSqlStore } from '../../src/verify/sql-store.ts';
import { createEvents, HOUR, newChallenge, newSpend } from '../contract/build.ts';
import { databasesOf, onEachDialect } from '../db/on-each-dialect.ts';
import { describeWith } from '../rig/stores.ts';

const NOW = Date.UTC(2026, 0, 1);
const create = (db: Database, challenge = newChallenge(NOW), limits: Limit[] = []) =>
  createSqlStore(db).create(challenge, limits, createEvents(challenge, NOW), NOW);

async function explain({ kysely, dialect }: Database, query: string): Promise<string> {
  // The tables are empty: the question is what an index can do, not what is cheap.
  const dear = dialect === 'postgres' ? ['seqscan', 'bitmapscan', 'sort'] : [];
  for (const way of dear) await sql.raw(`set enable_${way} = off`).execute(kysely);
  const command = dialect === 'postgres' ? 'explain' : 'explain query plan';
  return JSON.stringify((await sql.raw(`${command} ${query}`).execute(kysely)).rows);
}

await onEachDialect('the SQL store', ({ open }) => {
  it('counts one use for a key that is named twice, and judges it by both', async () => {
    const db = await open();
    const limit = (max: number): Limit => ({ name: `max ${max}`, key: 'k', max, windowMs: HOUR });
    const [tight, roomy] = [limit(2), limit(9)];
    expect(await create(db, undefined, [roomy, tight, roomy])).toEqual({ kind: 'created' });
    expect(await create(db, undefined, [roomy, tight])).toEqual({ kind: 'created' });
    expect(await create(db, undefined, [roomy, tight])).toMatchObject({ kind: 'limited', limit: 'max 2' });
  });

  it('finds what is due, what expired and what is listed by an index, in order', async () => {
    const db = await open('migrated', { poolSize: 1 });
    const of = "project_id = 'p' and mode = 'live'";
    const newest = 'order by created_at desc, id desc limit 20';
    const latest = 'order by position desc limit 20';
    const plans: [query: string, index: string][] = [
      ['select id from verifications where due_at <= 5 order by due_at limit 50', 'verifications_due'],
      ['select key from limits where expires_at <= 5 order by expires_at limit 500', 'limits_expired'],
      [`select * from verifications where ${of} ${newest}`, 'verifications_of_project'],
      [`select * from verifications where ${of} and status = 'x' ${newest}`, 'verifications_by_status'],
      [`select * from verifications where ${of} and recipient_hash = 'x' ${newest}`, 'verifications_of_recipient'],
      [`select * from events where ${of} ${latest}`, 'events_of_project'],
      [`select * from events where ${of} and verification_id = 'x' ${latest}`, 'events_of_verification'],
      [`select * from events where ${of} and recipient_hash = 'x' ${latest}`, 'events_of_recipient'],
    ];
    for (const [query, index] of plans) {
      const plan = await explain(db, query);
      expect(plan).toContain(index);
      expect(plan).not.toMatch(/sort|temp b-tree/i);
    }
  });
});

await describeWith(['postgres'], 'the SQL store on PostgreSQL', () => {
  const { open } = databasesOf('postgres');

  it('claims what is due around a challenge that somebody is changing, without waiting', async () => {
    const db = await open('migrated', { lockTimeoutMs: 200 });
    const [held, free] = [newChallenge(NOW, { dueAt: NOW }), newChallenge(NOW, { dueAt: NOW + 1 })];
    await create(db, held);
    await create(db, free);
    await batchTransaction(db, {}, async (batch) => {
      await batch.run(sql`select 1 from verifications where id = ${held.id} for update`.compile(db.kysely));
      const claimed = await createSqlStore(db).claimDue(NOW + 1, HOUR, 1);
      expect(claimed.map(({ id }) => id)).toEqual([free.id]);
    });
  });

  it('answers those that came together with one that waits for its row, and those after them, before that one', async () => {
    const db = await open('migrated', { lockTimeoutMs: 1500 });
    const store = createSqlStore(db);
    const challenges = Array.from({ length: 8 }, () => newChallenge(NOW));
    for (const challenge of challenges) await create(db, challenge);
    const [held, ...free] = challenges as [Challenge, ...Challenge[]];
    const spend = (challenge: Challenge) => store.spend(challenge.id, newSpend(challenge, NOW), NOW);
    const answered: string[] = [];
    const note = (name: string) => () => void answered.push(name);
    await batchTransaction(db, {}, async (batch) => {
      await batch.run(sql`select 1 from verifications where id = ${held.id} for update`.compile(db.kysely));
      const waiting = expect(spend(held)).rejects.toThrow(StoreUnavailable).then(note('held'));
      await Promise.all(free.map((challenge) => spend(challenge).then(note('free'))));
      await Promise.all(free.map((challenge) => spend(challenge).then(note('after'))));
      await waiting;
    });
    expect(answered).toEqual([...free.map(() => 'free'), ...free.map(() => 'after'), 'held']);
  });

  it('marks a send without waiting for a start that waits for its project’s window', async () => {
    const db = await open('migrated', { lockTimeoutMs: 60_000, statementTimeoutMs: 60_000 });
    const store = createSqlStore(db);
    const window: Limit = { name: 'project', key: 'k', max: 9, windowMs: HOUR };
    const [begun, next] = [newChallenge(NOW), newChallenge(NOW)];
    await store.create(begun, [window], createEvents(begun, NOW), NOW);
    let hasStarted = false;
    let starting: Promise<unknown> | null = null;
    await batchTransaction(db, {}, async (batch) => {
      await batch.run(sql`select 1 from limits where key = ${window.key} for update`.compile(db.kysely));
      starting = store.create(next, [window], createEvents(next, NOW), NOW).then(() => {
        hasStarted = true;
      });
      const { sends, step, status, nextSendAt, dueAt } = begun;
      const change = { sends, step, status, nextSendAt, dueAt, events: [] };
      expect(await store.advance(begun.id, begun.rev, change, NOW)).toMatchObject({ kind: 'ok' });
      expect(hasStarted).toBe(false);
    });
    await starting;
    expect(hasStarted).toBe(true);
  });
});
