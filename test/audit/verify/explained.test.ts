import { expect, it } from 'vitest';
import { exportEvents } from '../../../src/audit/export/export-events.ts';
import { databasesOf } from '../../db/on-each-dialect.ts';
import { type LogUnderTest, newLog, START, type Statement } from './log-under-test.ts';

const databases = databasesOf('sqlite');
const open = async () => newLog(await databases.open());

const leavesOf = ({ db }: LogUnderTest, from: number, to: number) =>
  db.kysely.selectFrom('audit_leaves').select('event_id').where('log_index', '>=', from).where('log_index', '<=', to);

async function deleteRows(log: LogUnderTest, from: number, to = from): Promise<void> {
  await log.db.kysely
    .deleteFrom('events')
    .where('id', 'in', leavesOf(log, from, to))
    .execute();
}

/** As an erasure leaves them. */
async function eraseRows(log: LogUnderTest, from: number, to = from): Promise<void> {
  const nothing = { recipient_masked: null, recipient_hash: null, client: null };
  await log.db.kysely
    .updateTable('events')
    .set(nothing)
    .where('id', 'in', leavesOf(log, from, to))
    .execute();
  await dropSalts(log, from, to);
}

/** As retention of where somebody was leaves them. */
async function stripRows(log: LogUnderTest, from: number, to = from): Promise<void> {
  await log.db.kysely
    .updateTable('events')
    .set({ client: null })
    .where('id', 'in', leavesOf(log, from, to))
    .execute();
  await dropSalts(log, from, to);
}

async function dropSalts({ db }: LogUnderTest, from: number, to: number): Promise<void> {
  const leaves = db.kysely.updateTable('audit_leaves').set({ salt: null });
  await leaves.where('log_index', '>=', from).where('log_index', '<=', to).execute();
}

async function tell(log: LogUnderTest, type: Statement, data: Record<string, unknown>) {
  await log.state(type, data);
  await log.head();
}

const retention = (
  name: string,
  [first_index, last_index]: [number, number],
  count: number,
  before = START + 60_000,
) => ({
  ...{ class: name, before: new Date(before).toISOString(), count, first_index, last_index },
});

it('an erasure that the log tells of is no tampering, and every root still holds', async () => {
  const log = await open();
  await eraseRows(log, 5);
  await eraseRows(log, 30, 32);
  await tell(log, 'erasure.applied', {
    erasure: 'era_1',
    events: 4,
    log_indexes: [
      [5, 5],
      [30, 32],
    ],
  });
  expect(await log.verify()).toMatchObject({
    verdict: 'proven',
    proven: 61,
    rows: { events: 61, erased: 4 },
    checkpoints: { agree: 4 },
  });
});

it('what is left of an erased event is still proven', async () => {
  const log = await open();
  await eraseRows(log, 5);
  await tell(log, 'erasure.applied', { erasure: 'era_1', events: 1, log_indexes: [[5, 5]] });
  await log.db.kysely
    .updateTable('events')
    .set({ actor: 'key_two' })
    .where('id', 'in', leavesOf(log, 5, 5))
    .execute();
  expect(await log.verify()).toMatchObject({
    verdict: 'changed',
    firstBad: { from: 5, to: 5 },
    findings: [{ kind: 'changed' }],
  });
});

it.each<[string, Record<string, unknown>, object]>([
  ['tells of other rows', { log_indexes: [[6, 9]] }, {}],
  ['tells of no rows', {}, {}],
  ['is of another project', { log_indexes: [[5, 5]] }, { project: 'prj_two' }],
  ['is of the other mode', { log_indexes: [[5, 5]] }, { mode: 'test' }],
])('an erasure that %s explains nothing', async (_, data, who) => {
  const log = await open();
  await eraseRows(log, 5);
  await log.state('erasure.applied', data, who);
  await log.head();
  expect(await log.verify()).toMatchObject({
    verdict: 'changed',
    firstBad: { from: 5, to: 5 },
    findings: [{ kind: 'erased' }],
  });
});

it('an erasure explains nothing that came after it', async () => {
  const log = await open();
  await tell(log, 'erasure.applied', { log_indexes: [[0, 100]] });
  await log.add(1);
  await log.head();
  await eraseRows(log, 61);
  expect(await log.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 61, to: 61 } });
});

it('an event that explains, and was put in by changing another one, is found itself', async () => {
  const log = await open();
  await eraseRows(log, 5);
  const data = JSON.stringify({ log_indexes: [[5, 5]] });
  const change = { type: 'erasure.applied', data };
  await log.db.kysely
    .updateTable('events')
    .set(change)
    .where('id', 'in', leavesOf(log, 50, 50))
    .execute();
  const { verdict, firstBad, findings } = await log.verify();
  expect({ verdict, firstBad }).toEqual({ verdict: 'changed', firstBad: { from: 5, to: 5 } });
  expect(findings.map(({ kind, from }) => [kind, from])).toEqual([
    ['statement', 50],
    ['erased', 5],
    ['changed', 50],
  ]);
});

it('retention that the log tells of is no tampering', async () => {
  const log = await open();
  await deleteRows(log, 0, 19);
  await stripRows(log, 20, 39);
  await log.state('retention.applied', retention('events', [0, 19], 20));
  await tell(log, 'retention.applied', retention('client', [20, 39], 20));
  expect(await log.verify()).toMatchObject({
    verdict: 'proven',
    rows: { deleted: 20, unproven: 20, erased: 0 },
    checkpoints: { agree: 4 },
  });
});

it('retention of a family explains events of that family', async () => {
  const log = await open();
  await deleteRows(log, 0, 19);
  await tell(log, 'retention.applied', retention('events:message', [0, 19], 20));
  expect(await log.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 0, to: 0 }, found: 20 });
  await tell(log, 'retention.applied', retention('events:verification', [0, 19], 20));
  expect(await log.verify()).toMatchObject({ verdict: 'proven' });
});

it('retention explains no row that was too young, nor one outside of its stretch', async () => {
  const log = await open();
  await deleteRows(log, 0, 20);
  await tell(log, 'retention.applied', retention('events', [0, 19], 20));
  expect(await log.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 20, to: 20 }, found: 1 });

  const young = await open();
  await deleteRows(young, 0, 40);
  await tell(young, 'retention.applied', retention('events', [0, 40], 41, START + 30_000));
  expect(await young.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 40, to: 40 }, found: 1 });
});

it('an event that somebody deleted before retention came by is one too many', async () => {
  const log = await open();
  await deleteRows(log, 0, 19);
  await tell(log, 'retention.applied', retention('events', [0, 19], 19));
  expect(await log.verify()).toMatchObject({
    verdict: 'changed',
    firstBad: { from: 0, to: 19 },
    findings: [{ kind: 'deleted', message: '20 rows are gone, but row 60 tells of 19' }],
  });
});

it('rows at which two retentions meet are counted for the one that has taken them', async () => {
  const log = await open();
  await deleteRows(log, 0, 29);
  // Rows are deleted in the order in which they were written, which is not quite that of the log.
  await log.state('retention.applied', retention('events', [0, 20], 15));
  await log.state('retention.applied', retention('events:verification', [0, 20], 3));
  await tell(log, 'retention.applied', retention('events', [10, 29], 12));
  expect(await log.verify()).toMatchObject({ verdict: 'proven', rows: { deleted: 30 } });
  await deleteRows(log, 30);
  expect((await log.verify()).verdict).toBe('changed');
});

it('one row too many is found wherever retentions overlap', async () => {
  const log = await open();
  await deleteRows(log, 0, 29);
  await log.state('retention.applied', retention('events', [0, 20], 15));
  await log.state('retention.applied', retention('events:verification', [0, 20], 3));
  await tell(log, 'retention.applied', retention('events', [10, 29], 11));
  expect(await log.verify()).toMatchObject({ verdict: 'changed', found: 1, findings: [{ kind: 'deleted' }] });
});

it('an erasure does not vouch for what somebody wrote into the row afterwards', async () => {
  const log = await open();
  await eraseRows(log, 5);
  await tell(log, 'erasure.applied', { log_indexes: [[5, 5]] });
  expect((await log.verify()).verdict).toBe('proven');
  const other = { recipient_masked: '+44*******11', recipient_hash: 'another' };
  await log.db.kysely
    .updateTable('events')
    .set(other)
    .where('id', 'in', leavesOf(log, 5, 5))
    .execute();
  expect(await log.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 5, to: 5 }, rows: { unproven: 1 } });
});

it('nor does retention vouch for where somebody is said to have been', async () => {
  const log = await open();
  await stripRows(log, 5, 6);
  await tell(log, 'retention.applied', retention('client', [5, 6], 2));
  expect((await log.verify()).verdict).toBe('proven');
  const other = { client: JSON.stringify({ ip: '198.51.100.1' }) };
  await log.db.kysely
    .updateTable('events')
    .set(other)
    .where('id', 'in', leavesOf(log, 5, 5))
    .execute();
  expect(await log.verify()).toMatchObject({ verdict: 'changed', firstBad: { from: 5, to: 5 } });
});

it('fields that were taken away, and no salt with which they were proven, need an explanation', async () => {
  const log = await open();
  await stripRows(log, 33);
  expect(await log.verify()).toMatchObject({
    verdict: 'changed',
    firstBad: { from: 33, to: 33 },
    rows: { unproven: 1 },
  });
});

it('what is erased while an export is under way is explained in it', async () => {
  const log = await open();
  await log.add(100);
  await log.head();
  const range = { of: null, since: null, until: null, after: null };
  const pages = exportEvents(log.db.kysely, { format: 'ndjson', range, proof: true });
  const first = (await pages.next()).value ?? '';
  const second = (await pages.next()).value ?? '';
  await eraseRows(log, 150);
  await tell(log, 'erasure.applied', { log_indexes: [[150, 150]] });
  const rest: string[] = [];
  for await (const page of pages) rest.push(page);
  const report = await log.verify({ text: [first, second, ...rest].join('') });
  expect(report).toMatchObject({ verdict: 'proven', size: 161, rows: { erased: 1 } });
});
