import { expect, it } from 'vitest';
import { SYSTEM } from '../../../src/audit/admin-event.ts';
import { rotateAuditKey } from '../../../src/audit/log/audit-keys.ts';
import { makeNoteKey, signNote } from '../../../src/audit/log/note.ts';
import { databasesOf } from '../../db/on-each-dialect.ts';
import { type LogUnderTest, newLog, START } from './log-under-test.ts';

const databases = databasesOf('sqlite');
const open = async () => newLog(await databases.open());
const before = new Date(START + 60_000).toISOString();
const gone = (first_index: number, last_index = first_index, count = last_index - first_index + 1) => ({
  ...{ class: 'events', before, count, first_index, last_index },
});

async function deleteRow({ db }: LogUnderTest, index: number): Promise<void> {
  const leaf = db.kysely.selectFrom('audit_leaves').select('event_id').where('log_index', '=', index);
  await db.kysely.deleteFrom('events').where('id', 'in', leaf).execute();
}

const newest = ({ db }: LogUnderTest) =>
  db.kysely.selectFrom('events').selectAll().orderBy('position', 'desc').limit(1).executeTakeFirstOrThrow();

const rotate = ({ db, keyring, clock }: LogUnderTest, compromised = false) =>
  rotateAuditKey(db, keyring, clock.now, { actor: SYSTEM, project: 'prj_one', compromised });

const thief = makeNoteKey('otp.example.com/audit');
const note = signNote('otp.example.com/audit\nretention.applied\n{}\n', [thief]);

it.each<[string, Record<string, unknown>]>([
  ['without a signature', {}],
  ['with somebody else’s', { signature: note.slice(note.indexOf('— ')).trim() }],
  ['with what is none', { signature: 'signed' }],
])('what says that rows are gone explains nothing %s', async (_, signature) => {
  const log = await open();
  await deleteRow(log, 5);
  await log.add(1, { type: 'retention.applied', data: { ...gone(5), ...signature }, actor: 'system' });
  await log.head();
  const { verdict, firstBad, findings } = await log.verify();
  expect({ verdict, firstBad }).toEqual({ verdict: 'changed', firstBad: { from: 5, to: 5 } });
  expect(findings.map(({ kind, from }) => [kind, from])).toEqual([
    ['statement', 60],
    ['deleted', 5],
  ]);
});

it.each<[string, Record<string, unknown>]>([
  ['other rows', { first_index: 0 }],
  ['more of them', { count: 2 }],
])('a signed statement about %s than it was signed for explains nothing', async (_, change) => {
  const log = await open();
  await deleteRow(log, 5);
  await log.state('retention.applied', gone(5));
  const { id, data } = await newest(log);
  const changed = JSON.stringify({ ...JSON.parse(data), ...change });
  await log.db.kysely.updateTable('events').set({ data: changed }).where('id', '=', id).execute();
  await log.head();
  const report = await log.verify();
  expect(report).toMatchObject({ verdict: 'changed', firstBad: { from: 5, to: 5 } });
  expect(report.findings).toContainEqual(expect.objectContaining({ kind: 'statement', from: 60 }));
});

it('a signed statement that is put into the log again explains nothing more', async () => {
  const log = await open();
  await deleteRow(log, 5);
  await log.state('retention.applied', gone(5, 6, 1));
  await log.head();
  expect((await log.verify()).verdict).toBe('proven');
  await deleteRow(log, 6);
  // Its id is one row's only: in the database, and for who makes up an export.
  const { position, ...row } = await newest(log);
  await log.db.kysely
    .insertInto('events')
    .values({ ...row, id: 'evt_again' })
    .execute();
  await log.head();
  const text = (await log.export()).replace('"id":"evt_again"', `"id":"${row.id}"`);
  for (const given of [undefined, text]) {
    const report = await log.verify(given === undefined ? {} : { text: given });
    expect(report.verdict).toBe('changed');
    expect(report.findings).toContainEqual(expect.objectContaining({ kind: 'statement', from: 61 }));
  }
});

it('after a change of keys statements of the old one hold, and nothing new is said with it', async () => {
  const log = await open();
  await deleteRow(log, 5);
  await log.state('retention.applied', gone(5));
  await log.head();
  const { position, ...row } = await newest(log);
  await rotate(log);
  await deleteRow(log, 6);
  await log.state('retention.applied', gone(6));
  await log.head();
  expect(await log.verify()).toMatchObject({ verdict: 'proven', proven: 63 });
  await log.db.kysely.deleteFrom('events').where('id', '=', row.id).execute();
  await log.db.kysely
    .insertInto('events')
    .values({ ...row, id: 'evt_late' })
    .execute();
  await log.head();
  const text = (await log.export()).replace('"id":"evt_late"', `"id":"${row.id}"`);
  const { findings } = await log.verify({ text });
  expect(findings).toContainEqual(expect.objectContaining({ kind: 'statement', from: 63 }));
});

it('a key in wrong hands says nothing more, and the new one only to who was given it', async () => {
  const log = await open();
  const { verifier } = await rotate(log, true);
  await deleteRow(log, 5);
  await log.state('retention.applied', gone(5));
  await log.head();
  expect(await log.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 5, to: 5 } });
  expect(await log.verify({ keys: [...log.kept.keys, verifier] })).toMatchObject({ verdict: 'proven' });
});

it('who verifies the part of another project is told which key is lacking, and proves nothing without it', async () => {
  const log = await open();
  await log.add(1, { project: 'prj_two' });
  await log.head();
  const { verifier } = await rotate(log);
  await deleteRow(log, 60);
  await log.state(
    'retention.applied',
    { ...gone(60), before: new Date(log.clock.now).toISOString() },
    { project: 'prj_two' },
  );
  await log.head();
  const text = await log.export({ of: { project: 'prj_two', mode: 'live' } });
  const report = await log.verify({ text, partial: true });
  expect(report.verdict).toBe('unproven');
  expect(report.findings[0]?.message).toBe('no given key has signed the retention.applied of row 62');
  const keys = [...log.kept.keys, verifier];
  expect(await log.verify({ text, partial: true, keys })).toMatchObject({ verdict: 'proven' });
});

it('retention explains the absence of nothing that explains', async () => {
  const log = await open();
  await deleteRow(log, 5);
  await log.state('retention.applied', gone(5));
  await log.head();
  await deleteRow(log, 60);
  await log.state('retention.applied', { ...gone(60), before: new Date(log.clock.now).toISOString() });
  await log.head();
  expect(await log.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 5, to: 5 } });
});

it('without keys nothing is proven, but what is missing is explained', async () => {
  const log = await open();
  await deleteRow(log, 5);
  await log.state('retention.applied', gone(5));
  await log.head();
  expect(await log.verify({ keys: [], notes: [] })).toMatchObject({ verdict: 'unproven', found: 0 });
});
