import { expect, it } from 'vitest';
import { databasesOf } from '../../db/on-each-dialect.ts';
import { newLog } from './log-under-test.ts';

const databases = databasesOf('sqlite');

it.each<[string, (line: string) => string]>([
  [
    'a member that JavaScript takes for a prototype',
    (line) => line.replace('"data":{}', '"data":{"__proto__":{"a":1}}'),
  ],
  ['a name twice', (line) => line.replace('"actor":', '"actor":"key_two","actor":')],
  ['a name twice, once spelled with an escape', (line) => line.replace('"actor":', '"\\u0061ctor":"key_two","actor":')],
  ['a list in the place of members', (line) => line.replace('"data":{}', '"data":[]')],
  ['a member beside the proof', (line) => line.replace('"leaf":{', '"leaf":{"reviewed_by":"somebody",')],
])('%s is no line of the log', async (_, change) => {
  const log = await newLog(await databases.open());
  await log.add(1, { data: {} });
  await log.head();
  const lines = (await log.export()).trimEnd().split('\n');
  const line = lines.at(-1) ?? '';
  expect(change(line)).not.toBe(line);
  const text = `${lines.with(-1, change(line)).join('\n')}\n`;
  expect(await log.verify({ text })).toMatchObject({ verdict: 'changed', firstBad: { from: 60, to: 60 } });
});

it('what is left of a deleted event says no more than its kind and time', async () => {
  const log = await newLog(await databases.open());
  const rows = log.db.kysely.selectFrom('audit_leaves').select('event_id').where('log_index', '=', 5);
  await log.db.kysely.deleteFrom('events').where('id', 'in', rows).execute();
  const before = new Date(log.clock.now).toISOString();
  const data = { class: 'events', before, count: 1, first_index: 5, last_index: 5 };
  await log.state('retention.applied', data);
  await log.head();
  const text = await log.export();
  expect(await log.verify({ text })).toMatchObject({ verdict: 'proven', rows: { deleted: 1 } });
  const told = text.replace('"deleted":true', '"actor":"key_two","data":{"reason":"forged"},"deleted":true');
  expect(await log.verify({ text: told })).toMatchObject({ verdict: 'changed', firstBad: { from: 5, to: 5 } });
});
