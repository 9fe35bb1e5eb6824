import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open.ts';
import { batchTransaction, writeTransaction } from '../../src/db/transaction.ts';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { eventually } from '../countersign-process.ts';
import { privateFolder } from '../rig/stores.ts';

async function open(file: string) {
  const db = await openDatabase(`sqlite:${file}`);
  onTestFinished(() => db.close());
  return db;
}

async function pragma(db: Awaited<ReturnType<typeof open>>, name: string): Promise<unknown> {
  const { rows } = await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(db.kysely);
  return rows[0]?.[name];
}

const MB = 1024 * 1024;

/** So many rows of a megabyte, and an empty one. */
async function fill({ kysely }: Awaited<ReturnType<typeof open>>, rows: number): Promise<void> {
  for (let row = 0; row <= rows; row += 1) {
    const value = row === rows ? '' : 'x'.repeat(MB);
    await kysely
      .replaceInto('settings')
      .values({ key: row === rows ? 'empty' : `row ${row}`, value })
      .execute();
  }
}

describe('a SQLite database', () => {
  it('is made where it is asked for, for the eyes of this user only', async () => {
    const file = join(privateFolder('sqlite'), 'new', 'folder', 'a.db');
    const db = await open(file);
    await migrate(db, 1);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(file + suffix).mode & 0o777).toBe(0o600);
  });

  it('keeps the mode of a file that was there', async () => {
    const file = join(privateFolder('sqlite'), 'a.db');
    await (await openDatabase(`sqlite:${file}`)).close();
    chmodSync(file, 0o640);
    await open(file);
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it('is as durable as was asked, one transaction at a time', async () => {
    const db = await open(join(privateFolder('sqlite'), 'a.db'));
    expect(await pragma(db, 'journal_mode')).toBe('wal');
    expect(await pragma(db, 'foreign_keys')).toBe(1);
    const [NORMAL, FULL] = [1, 2];
    const level = sql<{ synchronous: number }>`pragma synchronous`.compile(db.kysely);
    const inside = (durable: boolean) =>
      batchTransaction(db, { durable }, async (batch) => (await batch.run(level))[0][0]?.synchronous);
    expect(await inside(false)).toBe(NORMAL);
    expect(await inside(true)).toBe(FULL);
    expect(await inside(false)).toBe(NORMAL);
    await writeTransaction(db, { durable: true }, async (trx) => {
      expect((await trx.executeQuery(level)).rows).toEqual([{ synchronous: FULL }]);
    });
    expect(await pragma(db, 'synchronous')).toBe(NORMAL);
  });

  it('has its log copied by another thread, and begins it anew', async () => {
    const file = join(privateFolder('sqlite'), 'a.db');
    const db = await open(file);
    await migrate(db, 1);
    // Far more than the checkpointer waits for, less than SQLite itself does.
    await fill(db, 24);
    const log = () => statSync(`${file}-wal`).size;
    expect(log()).toBeGreaterThan(24 * MB);
    await eventually(async () => {
      await fill(db, 0);
      return log() < MB;
    });
    expect(await db.kysely.selectFrom('settings').select('key').execute()).toHaveLength(25);
  });

  it('can be closed while its log is copied', async () => {
    const file = join(privateFolder('sqlite'), 'a.db');
    const db = await openDatabase(`sqlite:${file}`);
    await migrate(db, 1);
    await fill(db, 24);
    await db.close();
    const again = await open(file);
    expect(await again.kysely.selectFrom('settings').select('key').execute()).toHaveLength(25);
  });

  it('in memory is empty every time', async () => {
    const [one, two] = [await open(':memory:'), await open(':memory:')];
    await migrate(one, 1);
    expect(await two.kysely.introspection.getTables()).toEqual([]);
  });

  it.each(['sqlite:', 'sqlite://a.db', 'mysql://x', 'a.db'])('is not what %s means', async (url) => {
    await expect(openDatabase(url)).rejects.toThrow();
  });

  it('keeps no erased value in its file', async () => {
    const file = join(privateFolder('sqlite'), 'a.db');
    const db = await openDatabase(`sqlite:${file}`);
    await migrate(db, 1);
    const secret = 'a-secret-that-must-go';
    await db.kysely.insertInto('settings').values({ key: 'a', value: secret }).execute();
    await sql`pragma wal_checkpoint(truncate)`.execute(db.kysely);
    expect(readFileSync(file).includes(secret)).toBe(true);
    await db.kysely.updateTable('settings').set({ value: '' }).execute();
    await db.close();
    expect(readFileSync(file).includes(secret)).toBe(false);
  });

  it('that is full is unavailable, and keeps exactly what it confirmed', async () => {
    const db = await open(join(privateFolder('sqlite'), 'a.db'));
    await migrate(db, 1);
    const pages = Number(await pragma(db, 'page_count'));
    await sql`pragma max_page_count = ${sql.lit(pages + 3)}`.execute(db.kysely);
    const insert = (key: string, size: number) =>
      db.kysely
        .insertInto('settings')
        .values({ key, value: 'x'.repeat(size) })
        .compile();
    const sizes = [10, 100_000, 10, 10, 100_000];
    const results = await Promise.allSettled(
      sizes.map((size, i) => batchTransaction(db, {}, (batch) => batch.commit(insert(String(i), size)))),
    );
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(failures.length).toBeGreaterThanOrEqual(2);
    for (const failure of failures) expect(failure).toBeInstanceOf(StoreUnavailable);
    const kept = await db.kysely.selectFrom('settings').select('key').orderBy('key').execute();
    const confirmed = sizes.flatMap((_, i) => (results[i]?.status === 'fulfilled' ? [{ key: String(i) }] : []));
    expect(kept).toEqual(confirmed);
    await batchTransaction(db, {}, (batch) => batch.commit(insert('later', 10)));
  });

  it('is shared by several processes without a lost update', async () => {
    const file = join(privateFolder('sqlite'), 'a.db');
    const db = await open(file);
    await migrate(db, 1);
    await db.kysely.insertInto('settings').values({ key: 'count', value: '0' }).execute();
    const counter = join(import.meta.dirname, 'counting-process.ts');
    const children = [1, 2, 3].map(() => spawn(process.execPath, [counter, file, '200'], { stdio: 'inherit' }));
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
    expect(codes).toEqual([0, 0, 0]);
    const { value } = await db.kysely.selectFrom('settings').select('value').executeTakeFirstOrThrow();
    expect(value).toBe('600');
  });
});
