import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { listEvents, selectEvents } from '../../src/audit/list-events.ts';
import { onEachDialect } from '../db/on-each-dialect.ts';
import { insertSome } from './log/insert-some-events.ts';

const OF = { project: 'prj_one', mode: 'live', limit: 3 } as const;

await onEachDialect('events of a type', (databases) => {
  it('that is rare are found by their own index, in the order and the bounds that were asked for', async () => {
    const db = await databases.open();
    const ids: Record<string, string[]> = {};
    const add = async (type: 'key.created' | 'key.revoked', at: number) => {
      const [id = ''] = await insertSome(db, 1, { type, at });
      ids[type] = [id, ...(ids[type] ?? [])];
      await insertSome(db, 500, { at });
    };
    for (const at of [1, 2, 3, 4]) await add(at % 2 ? 'key.created' : 'key.revoked', at);
    await insertSome(db, 1, { type: 'key.created', project: 'prj_two' });
    await sql`analyze`.execute(db.kysely);
    const list = async (more: object) => (await listEvents(db.kysely, { ...OF, ...more })).map(({ id }) => id);
    const [created = [], revoked = []] = [ids['key.created'], ids['key.revoked']];
    expect(await list({ type: 'key.created' })).toEqual(created);
    expect(await list({ type: 'key.*' })).toEqual([revoked[0], created[0], revoked[1]]);
    expect(await list({ type: 'key.*', since: 2, until: 4 })).toEqual([created[0], revoked[1]]);
    const [newest] = await listEvents(db.kysely, { ...OF, type: 'key.*', limit: 1 });
    expect(await list({ type: 'key.*', before: newest?.position })).toEqual([created[0], revoked[1], created[1]]);
    expect(await list({ type: 'key.created', verificationId: 'ver_one' })).toEqual(created);
    expect(await list({ type: 'routes.updated' })).toEqual([]);
    expect(await list({ type: 'nothing.*' })).toEqual([]);
    expect(await list({ type: 'verification.*' })).toHaveLength(3);
    const query = selectEvents(db.kysely, { ...OF, type: 'key.*' }).compile();
    const command = db.dialect === 'postgres' ? 'explain' : 'explain query plan';
    const { rows } = await db.kysely.executeQuery({ ...query, sql: `${command} ${query.sql}` });
    expect(JSON.stringify(rows)).toContain('events_of_rare_types');
  });
});
