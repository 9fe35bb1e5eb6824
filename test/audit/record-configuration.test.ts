import { createSecretKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { recordConfiguration } from '../../src/audit/record-configuration.ts';
import { onEachDialect } from '../db/on-each-dialect.ts';
import { openTestService } from '../service.ts';

const hashKey = createSecretKey(Buffer.alloc(32, 1));

await onEachDialect('the configuration', ({ open }) => {
  it('AUD-19: each change of it is an event that names what changed, and no value', async () => {
    const db = await open();
    const start = (settings: object, now: number) =>
      recordConfiguration(db, { settings: { ...settings }, hashKey, project: 'prj_1' }, now);
    const password = 'correct horse';
    await start({ policy: { max_attempts: 5 }, providers: { acme: { password } }, routes: undefined }, 1);
    await start({ providers: { acme: { password } }, policy: { max_attempts: 5 } }, 2);
    await start({ policy: { max_attempts: 3 }, providers: { acme: { password } }, routes: {} }, 3);
    await start({ policy: { max_attempts: 3 }, providers: { acme: { password: `${password}!` } } }, 4);

    const rows = await db.kysely.selectFrom('events').selectAll().orderBy('position').execute();
    expect(rows.map(({ type, actor, project_id, created_at }) => [type, actor, project_id, created_at])).toEqual(
      [1, 3, 4].map((at) => ['configuration.changed', 'system', 'prj_1', at]),
    );
    const [first, second, third] = rows.map(({ data }) => JSON.parse(data));
    expect(first).toMatchObject({ changed: null, digest_before: null });
    expect(second).toMatchObject({ changed: ['policy', 'routes'], digest_before: first.digest });
    expect(third).toMatchObject({ changed: ['providers', 'routes'], digest_before: second.digest });
    const kept = await db.kysely.selectFrom('settings').selectAll().execute();
    expect(JSON.stringify([rows, kept])).not.toContain(password);
  });
});

it('a start with the same settings tells nothing new', async () => {
  const api = await openTestService('embedded');
  const other = await openTestService('embedded', { beside: api });
  const { kysely } = api.services.db;
  const events = await kysely.selectFrom('events').select('data').where('type', '=', 'configuration.changed').execute();
  expect(events).toHaveLength(1);
  await other.close();
  await api.close();
});
