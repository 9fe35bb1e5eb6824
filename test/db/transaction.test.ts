import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { batchTransaction, writeTransaction } from '../../src/db/transaction.ts';
import { onEachDialect } from './on-each-dialect.ts';

const insert = (db: Database, key: string, value = '') =>
  db.kysely.insertInto('settings').values({ key, value }).compile();
const read = (db: Database) => db.kysely.selectFrom('settings').select('key').orderBy('key').compile();
const keys = async (db: Database) => (await db.kysely.executeQuery(read(db))).rows.map(({ key }) => key);

await onEachDialect('transactions', ({ open, fresh }) => {
  describe.each([{ durable: false }, { durable: true }])('a batch (%o)', (options) => {
    it('sees what it did before, keeps what it commits and answers each statement', async () => {
      const db = await open();
      const seen = await batchTransaction(db, options, async (batch) => {
        const [, nothing, rows] = await batch.run(insert(db, 'a'), null, read(db));
        expect(nothing).toEqual([]);
        await batch.commit(insert(db, 'b'));
        return rows.map(({ key }) => key);
      });
      expect(seen).toEqual(['a']);
      expect(await keys(db)).toEqual(['a', 'b']);
    });

    it('keeps nothing without a commit', async () => {
      const db = await open();
      await batchTransaction(db, options, async (batch) => {
        await batch.run(insert(db, 'a'));
      });
      expect(await keys(db)).toEqual([]);
    });

    it('keeps nothing of what it rolled back, and all that it did afterwards', async () => {
      const db = await open();
      await batchTransaction(db, options, async (batch) => {
        await batch.run(insert(db, 'a'));
        batch.rollback();
        await batch.commit(insert(db, 'b'));
      });
      expect(await keys(db)).toEqual(['b']);
    });

    it('keeps nothing when its last statements fail, whichever of them', async () => {
      const db = await open();
      const commit = (...names: string[]) =>
        batchTransaction(db, options, (batch) => batch.commit(...names.map((name) => insert(db, name))));
      await expect(commit('a', 'a', 'b')).rejects.toThrow();
      await expect(commit('a', 'b', 'b')).rejects.toThrow();
      expect(await keys(db)).toEqual([]);
    });

    it('that fails leaves those beside it alone', async () => {
      const db = await open();
      const results = await Promise.allSettled(
        ['a', 'x', 'b', 'y', 'c'].map((name) =>
          batchTransaction(db, options, async (batch) => {
            if (name === 'x') throw new Error('ours');
            await batch.run(insert(db, name));
            await batch.commit(name === 'y' ? insert(db, 'y') : null);
          }),
        ),
      );
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
      expect(await keys(db)).toEqual(['a', 'b', 'c']);
    });
  });

  it('of several handles on one database, in one process, wait for each other', async () => {
    const { url } = await fresh();
    const handles = await Promise.all([openDatabase(url), openDatabase(url), openDatabase(url)]);
    onTestFinished(() => Promise.all(handles.map((db) => db.close())).then(() => {}));
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => {
        const db = handles[i % 3] as Database;
        const key = String(i).padStart(2, '0');
        if (i % 2) return batchTransaction(db, {}, (batch) => batch.commit(insert(db, key)));
        return writeTransaction(db, { durable: i % 4 === 0 }, async (trx) => {
          await trx.insertInto('settings').values({ key, value: '' }).execute();
          await sql`select 1`.execute(trx);
        });
      }),
    );
    expect(await keys(handles[0])).toHaveLength(30);
  });

  it('are undone when the work throws, and the next one works', async () => {
    const db = await open();
    const work = writeTransaction(db, { durable: true }, async (trx) => {
      await trx.insertInto('settings').values({ key: 'a', value: '' }).execute();
      throw new Error('ours');
    });
    await expect(work).rejects.toThrow('ours');
    await writeTransaction(db, {}, (trx) => trx.insertInto('settings').values({ key: 'b', value: '' }).execute());
    expect(await keys(db)).toEqual(['b']);
  });
});
