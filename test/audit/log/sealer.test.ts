import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { readFeed } from '../../../src/audit/feed.ts';
import { insertEvents } from '../../../src/audit/insert-events.ts';
import { createSealer } from '../../../src/audit/log/sealer.ts';
import { findOldestWaiting } from '../../../src/audit/log/waiting-events.ts';
import type { Database } from '../../../src/db/open.ts';
import { writeTransaction } from '../../../src/db/transaction.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { insertSome, someEvent } from './insert-some-events.ts';
import { hashLeaf, rootOf } from './reference-tree.ts';

await onEachDialect('the sealer', (databases) => {
  const leavesOf = ({ kysely }: Database) =>
    kysely.selectFrom('audit_leaves').selectAll().orderBy('log_index').execute();

  it('gives every event one index, without gaps, in the order in which they were inserted', async () => {
    const db = await databases.open();
    const sealer = createSealer(db);
    const ids = await insertSome(db, 3);
    expect(await sealer.sealAll()).toBe(3);
    ids.push(...(await insertSome(db, 600)));
    expect(await sealer.sealAll()).toBe(600);
    expect(await sealer.sealAll()).toBe(0);
    const leaves = await leavesOf(db);
    expect(leaves.map(({ log_index }) => log_index)).toEqual(ids.map((_, index) => index));
    expect(leaves.map(({ event_id }) => event_id)).toEqual(ids);
    const feed = await readFeed(db.kysely, { from: 600, limit: 10 });
    expect(feed.map(({ event }) => event?.id)).toEqual(ids.slice(600));
  });

  it('seals what a person can recompute from the event, the salt and two hashes', async () => {
    const db = await databases.open();
    await insertSome(db, 1, { id: 'evt_1', data: { purpose: 'login', email: 'a@example.com' }, sequence: 1 });
    await createSealer(db).sealAll();
    const [leaf] = await leavesOf(db);
    const salt = Buffer.from(leaf?.salt ?? '', 'base64url');
    expect(salt).toHaveLength(16);
    const personal =
      '{"client":{"ip":"203.0.113.7","user_agent":"a browser"},"data":{"email":"a@example.com"},' +
      '"recipient":{"hash":"hash-of-number","masked":"+33*******78"}}';
    const commitment = createHash('sha256').update(salt).update(personal).digest('base64url');
    expect(leaf?.commitment).toBe(commitment);
    const text =
      '{"actor":"key_one","created_at":"2027-01-15T00:00:00.000Z","data":{"purpose":"login"},"id":"evt_1",' +
      `"mode":"live","personal":"${commitment}","project":"prj_one","sequence":1,"type":"verification.created",` +
      '"verification_id":"ver_one"}';
    expect(leaf?.hash).toBe(hashLeaf(Buffer.from(text)).toString('base64url'));
  });

  it('is not held up by events that are gone before it came, however many', async () => {
    const db = await databases.open();
    const gone = await insertSome(db, 1_200);
    for (let at = 0; at < gone.length; at += 400) {
      await db.kysely
        .deleteFrom('events')
        .where('id', 'in', gone.slice(at, at + 400))
        .execute();
    }
    const ids = await insertSome(db, 2);
    expect((await findOldestWaiting(db))?.id).toBe(ids[0]);
    expect(await createSealer(db).sealAll()).toBe(2);
    expect((await leavesOf(db)).map(({ event_id }) => event_id)).toEqual(ids);
  });

  it('commits to the same person differently in every event', async () => {
    const db = await databases.open();
    await insertSome(db, 50);
    await createSealer(db).sealAll();
    const leaves = await leavesOf(db);
    expect(new Set(leaves.map(({ salt }) => salt)).size).toBe(50);
    expect(new Set(leaves.map(({ commitment }) => commitment)).size).toBe(50);
  });

  it('gives an event about nobody neither salt nor commitment', async () => {
    const db = await databases.open();
    const { recipient, client, ...aboutNobody } = someEvent();
    await writeTransaction(db, {}, (trx) => insertEvents(trx, [aboutNobody]));
    await createSealer(db).sealAll();
    expect(await leavesOf(db)).toMatchObject([{ salt: null, commitment: null }]);
  });

  it('keeps the roots of complete subtrees as the RFC computes them', async () => {
    const db = await databases.open();
    const sealer = createSealer(db);
    for (const count of [255, 1, 300, 212]) {
      await insertSome(db, count);
      await sealer.sealAll();
    }
    const hashes = (await leavesOf(db)).map(({ hash }) => Buffer.from(hash, 'base64url'));
    const nodes = await db.kysely.selectFrom('audit_nodes').selectAll().orderBy('number').execute();
    expect(nodes).toEqual(
      [0, 1, 2].map((number) => ({
        level: 1,
        number,
        hash: rootOf(hashes.slice(number * 256, (number + 1) * 256)).toString('base64url'),
      })),
    );
  });

  it.each([{ data: '{' }, { created_at: 9e15 }])('does not let an event with %j hold up the others', async (change) => {
    const db = await databases.open();
    const errors: string[] = [];
    const sealer = createSealer(db, { error: (_, message) => errors.push(message) });
    const [broken = '', ...others] = await insertSome(db, 3);
    await db.kysely.updateTable('events').set(change).where('id', '=', broken).execute();
    await sealer.sealAll();
    await sealer.sealAll();
    expect((await leavesOf(db)).map(({ event_id }) => event_id)).toEqual(others);
    expect(errors).toEqual(['an event cannot be sealed']);
  });

  it('goes on where somebody has listed events again that are sealed', async () => {
    const db = await databases.open();
    const errors: string[] = [];
    const sealer = createSealer(db, { error: (_, message) => errors.push(message) });
    const ids = await insertSome(db, 3);
    await sealer.sealAll();
    const again = db.kysely
      .selectFrom('events')
      .select('position')
      .where('id', '!=', ids[1] ?? '');
    await db.kysely.insertInto('unsealed_events').columns(['position']).expression(again).execute();
    ids.push(...(await insertSome(db, 2)));
    await sealer.sealAll();
    expect((await leavesOf(db)).map(({ event_id }) => event_id)).toEqual(ids);
    expect(errors).toEqual(['events were to be sealed that have been already']);
  });

  it('signs nothing over a log from which hashes were taken', async () => {
    const db = await databases.open();
    const sealer = createSealer(db);
    await insertSome(db, 10);
    await sealer.sealAll();
    await db.kysely.deleteFrom('audit_leaves').where('log_index', '=', 4).execute();
    await insertSome(db, 256);
    await expect(sealer.sealAll()).rejects.toThrow(/hashes of level 0 from 0 to \d+ are missing/);
  });
});
