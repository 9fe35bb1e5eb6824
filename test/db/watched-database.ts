import { type CompiledQuery, type Dialect, Kysely, sql } from 'kysely';
import { afterAll } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { openPostgres } from '../../src/db/postgres.ts';
import type { Schema } from '../../src/db/schema.ts';
import { openSqlite } from '../../src/db/sqlite.ts';
import { freshDatabase } from '../rig/stores.ts';

export interface WatchedDatabase extends Database {
  /** How each statement that `work` sends, but in batches, reaches its rows; below its text. */
  plansOf(work: () => Promise<unknown>): Promise<string[]>;
}

/** Migrated; nobody gathers statistics of what is put into the tables. */
export async function openWatched(dialect: Database['dialect'], tables: readonly string[]): Promise<WatchedDatabase> {
  const { url } = await freshDatabase(dialect);
  const db = await openDatabase(url);
  const sent: CompiledQuery[] = [];
  const kysely = new Kysely<Schema>({
    dialect: dialectOf(dialect, url),
    log({ query }) {
      sent.push(query);
    },
  });
  afterAll(() => Promise.all([kysely.destroy(), db.close()]));
  if (dialect === 'postgres') {
    for (const table of tables) {
      await sql`alter table ${sql.table(table)} set (autovacuum_enabled = off)`.execute(kysely);
    }
  }
  return {
    ...db,
    kysely,
    async plansOf(work) {
      sent.splice(0);
      await work();
      const queries = sent.filter((query) => /^\s*(?:select|update|delete)/i.test(query.sql));
      return Promise.all(queries.map((query) => explain(db, query)));
    },
  };
}

async function explain({ kysely, dialect }: Database, query: CompiledQuery): Promise<string> {
  const command = dialect === 'postgres' ? 'explain' : 'explain query plan';
  const { rows } = await kysely.executeQuery<Record<string, string>>({ ...query, sql: `${command} ${query.sql}` });
  return [query.sql, ...rows.map((row) => row['QUERY PLAN'] ?? row.detail)].join('\n');
}

function dialectOf(dialect: Database['dialect'], url: string): Dialect {
  if (dialect === 'sqlite') return openSqlite(url.slice('sqlite:'.length));
  const waits = { connectTimeoutMs: 30_000, statementTimeoutMs: 60_000, lockTimeoutMs: 30_000 };
  return openPostgres(url, { poolSize: 2, maxWaiting: 10, ...waits, onError: () => {} }).dialect;
}

/** Rows by their number, from 1 on; each column as SQL says it of `i`. */
export async function fill(
  { kysely, dialect }: Pick<Database, 'kysely' | 'dialect'>,
  table: keyof Schema,
  count: number,
  columns: Readonly<Record<string, string>>,
): Promise<void> {
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
  const values = sql.raw(Object.values(columns).join(', '));
  const numbers =
    dialect === 'postgres'
      ? sql`generate_series(1, ${sql.lit(count)}) as g(i)`
      : sql`(with recursive g(i) as (select 1 union all select i + 1 from g where i < ${sql.lit(count)}) select i from g)`;
  await sql`insert into ${sql.table(table)} (${names}) select ${values} from ${numbers}`.execute(kysely);
}
