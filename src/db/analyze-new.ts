import { sql } from 'kysely';
import type { Database } from './open.ts';

/**
 * Has PostgreSQL look at tables of which it knows nothing yet: it would take a project with a million rows for one with
 * five until autovacuum comes by. SQLite needs none.
 */
export async function analyzeNew({ kysely, dialect }: Database, tables: readonly string[]): Promise<void> {
  if (dialect !== 'postgres') return;
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class
    where oid = any(array(select to_regclass(name) from unnest(${tables}::text[]) as name)) and reltuples < 0
  `.execute(kysely);
  for (const { name } of rows) await sql`analyze (skip_locked) ${sql.table(name)}`.execute(kysely);
}
