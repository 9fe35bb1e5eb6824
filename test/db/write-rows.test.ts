import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { batchTransaction } from '../../src/db/transaction.ts';
import { insertStatement, updateStatement } from '../../src/db/write-rows.ts';
import { databasesOf, onEachDialect } from './on-each-dialect.ts';

const KEY = { key: 'text' } as const;
const COUNTS = { count: 'bigint', started_at: 'bigint', expires_at: 'bigint' } as const;
const limit = (key: string, count: number) => ({ key, count, started_at: 1_700_000_000_000, expires_at: 2 });

await onEachDialect('rows written at once', ({ open }) => {
  async function openLimits() {
    const db = await open();
    const insert = insertStatement(
      db,
      'limits',
      { ...KEY, ...COUNTS },
      sql<{ key: string }>`on conflict (key) do nothing returning key`,
    );
    return {
      db,
      insert,
      update: updateStatement(db, 'limits', KEY, COUNTS),
      all: () => db.kysely.selectFrom('limits').selectAll().orderBy('key').execute(),
    };
  }

  it('are what they were; an answer tells of all of them', async () => {
    const { db, insert, update, all } = await openLimits();
    const rows = ['', `it's "so"`, '\\ {"a":1}', 'é😀'].map((key, index) => limit(key, index)).sort(byKey);
    const made = await batchTransaction(db, {}, async (batch) => {
      const [first] = await batch.run(insert(rows.slice(0, 2)));
      const [second] = await batch.run(insert(rows));
      await batch.commit(update([limit(rows[0]?.key ?? '', 7), limit('not there', 8)]));
      return [first, second];
    });
    const keysOf = (part: typeof rows) => part.map(({ key }) => ({ key }));
    expect(made).toEqual([keysOf(rows.slice(0, 2)), keysOf(rows.slice(2))]);
    expect((await all()).sort(byKey)).toEqual([{ ...rows[0], count: 7 }, ...rows.slice(1)]);
  });

  it('are written all or none', async () => {
    const { db, all } = await openLimits();
    const insert = insertStatement(db, 'limits', { ...KEY, ...COUNTS });
    const write = batchTransaction(db, {}, (batch) =>
      batch.commit(insert([limit('a', 1), limit('b', 1), limit('a', 2)])),
    );
    await expect(write).rejects.toThrow();
    expect(await all()).toEqual([]);
  });

  it('that are none are no statement', async () => {
    const { insert, update } = await openLimits();
    expect([insert([]), update([])]).toEqual([null, null]);
  });
});

describe('rows written at once on SQLite, a statement for each', () => {
  const { open } = databasesOf('sqlite');

  it('are refused outside a transaction, in which alone they are written all or none', async () => {
    const db = await open();
    const query = insertStatement(db, 'limits', { ...KEY, ...COUNTS })([limit('a', 1)]);
    if (!query) throw new Error('no statement');
    await expect(db.kysely.executeQuery(query)).rejects.toThrow('within a transaction');
    expect(await db.kysely.selectFrom('limits').selectAll().execute()).toEqual([]);
  });
});

function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : 1;
}
