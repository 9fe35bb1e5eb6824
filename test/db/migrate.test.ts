import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { migrate, NewerSchema, SCHEMA_VERSION } from '../../src/db/migrate.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { onEachDialect } from './on-each-dialect.ts';

const NOW = Date.UTC(2026, 0, 1);

await onEachDialect('migrations', ({ open, fresh }) => {
  const versions = async (db: Database) =>
    (
      await sql<{ version: number; applied_at: number }>`select * from schema_migrations order by version`.execute(
        db.kysely,
      )
    ).rows;

  it('bring an empty database to the current version, once', async () => {
    const db = await open('empty');
    expect(await migrate(db, NOW)).toEqual({ from: 0, to: SCHEMA_VERSION });
    expect(await migrate(db, NOW + 1)).toEqual({ from: SCHEMA_VERSION, to: SCHEMA_VERSION });
    const applied = await versions(db);
    expect(applied.map(({ version }) => version)).toEqual(Array.from({ length: SCHEMA_VERSION }, (_, i) => i + 1));
    expect(applied.every(({ applied_at }) => applied_at === NOW)).toBe(true);
  });

  it('are done by one of many that start at once', async () => {
    const { url } = await fresh('empty');
    const handles = await Promise.all(Array.from({ length: 5 }, () => openDatabase(url)));
    onTestFinished(() => Promise.all(handles.map((db) => db.close())).then(() => {}));
    const results = await Promise.all(handles.map((db) => migrate(db, NOW)));
    expect(results.filter(({ from }) => from === 0)).toHaveLength(1);
  });

  it('refuse a schema that a newer build has changed, and leave it alone', async () => {
    const db = await open('migrated');
    const newer = SCHEMA_VERSION + 1;
    await sql`insert into schema_migrations (version, name, applied_at) values (${newer}, 'later', 1)`.execute(
      db.kysely,
    );
    await expect(migrate(db, NOW)).rejects.toThrow(NewerSchema);
    expect(await versions(db)).toHaveLength(newer);
  });

  it('are all or nothing', async () => {
    const db = await open('empty');
    // The last table of the first migration is there already, so it must fail at its end.
    await sql`create table events (id integer)`.execute(db.kysely);
    await expect(migrate(db, NOW)).rejects.toThrow();
    expect((await db.kysely.introspection.getTables()).map(({ name }) => name)).toEqual(['events']);
  });
});
