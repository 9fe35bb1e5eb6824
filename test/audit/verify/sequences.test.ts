import { expect, it } from 'vitest';
import { databasesOf } from '../../db/on-each-dialect.ts';
import { type LogUnderTest, newLog } from './log-under-test.ts';

const databases = databasesOf('sqlite');
const open = async () => newLog(await databases.open());
const sequences = (log: LogUnderTest, verificationId: string, ...numbers: number[]) =>
  numbers.reduce<Promise<unknown>>(
    (before, sequence) => before.then(() => log.add(1, { verificationId, sequence })),
    Promise.resolve(),
  );

it.each<[string, number[], number, string[]]>([
  ['in the middle', [1, 2, 4], 62, ['event 3']],
  ['at the beginning', [3], 60, ['event 1', 'event 2']],
])('an event that was deleted before it was sealed is missed, %s', async (_, numbers, row, missed) => {
  const log = await open();
  await sequences(log, 'ver_two', ...numbers);
  await log.head();
  const report = await log.verify();
  expect(report).toMatchObject({ verdict: 'changed', firstBad: { from: row, to: row } });
  expect(report.findings.map(({ kind, message }) => [kind, message])).toEqual(
    missed.map((event) => ['lost', `${event} of ver_two is not in the log: it was gone before it was sealed`]),
  );
});

it('one of which the sealer was not told is missed, though it is in the table', async () => {
  const log = await open();
  await sequences(log, 'ver_two', 1, 2, 3);
  const last = log.db.kysely.selectFrom('events').select('position').where('sequence', '=', 2);
  await log.db.kysely.deleteFrom('unsealed_events').where('position', 'in', last).execute();
  await log.head();
  expect(await log.verify()).toMatchObject({ verdict: 'changed', findings: [{ kind: 'lost', from: 61 }] });
});

it('nothing is missed in verifications that go on beside each other, and where nothing is', async () => {
  const log = await open();
  await sequences(log, 'ver_two', 1, 2);
  await sequences(log, 'ver_three', 1, 2);
  await sequences(log, 'ver_two', 3);
  await sequences(log, 'ver_three', 3, 3, 4);
  await log.head();
  expect(await log.verify()).toMatchObject({ verdict: 'proven', found: 0 });
});

it('nothing is missed of what retention has taken, nor of what the export does not show', async () => {
  const log = await open();
  await sequences(log, 'ver_two', 1, 2, 3);
  await log.head();
  const first = log.db.kysely.selectFrom('audit_leaves').select('event_id').where('log_index', '=', 60);
  await log.db.kysely.deleteFrom('events').where('id', 'in', first).execute();
  const before = new Date(log.clock.now).toISOString();
  await log.state('retention.applied', { class: 'events', before, count: 1, first_index: 60, last_index: 60 });
  await log.head();
  expect(await log.verify()).toMatchObject({ verdict: 'proven', found: 0 });
  const text = await log.export({ after: 60 });
  expect((await log.verify({ text, partial: true })).findings.map(({ kind }) => kind)).not.toContain('lost');
});
