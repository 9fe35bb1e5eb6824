import { afterAll, describe } from 'vitest';
import { type Database, type DatabaseOptions, openDatabase } from '../../src/db/open.ts';
import { describeWith, type Fresh, freshDatabase } from '../rig/stores.ts';

export interface Databases {
  /** A database of its own for the caller; closed when the suite ends. */
  open(kind?: 'migrated' | 'empty', options?: DatabaseOptions): Promise<Database>;
  fresh(kind?: 'migrated' | 'empty'): Promise<Fresh>;
}

/** The same suite on SQLite and on PostgreSQL. */
export async function onEachDialect(name: string, suite: (databases: Databases) => void): Promise<void> {
  describe(`${name} on SQLite`, () => suite(databasesOf('sqlite')));
  await describeWith(['postgres'], `${name} on PostgreSQL`, () => suite(databasesOf('postgres')));
}

export function databasesOf(dialect: 'sqlite' | 'postgres'): Databases {
  const close: (() => unknown)[] = [];
  afterAll(async () => {
    for (const step of close.reverse()) await step();
  });
  async function fresh(kind?: 'migrated' | 'empty') {
    const given = await freshDatabase(dialect, kind);
    close.push(() => given.close());
    return given;
  }
  return {
    fresh,
    async open(kind, options) {
      const db = await openDatabase((await fresh(kind)).url, options);
      close.push(() => db.close());
      return db;
    },
  };
}
