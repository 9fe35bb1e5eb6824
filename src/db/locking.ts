import { type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from './open.ts';
import type { Schema } from './schema.ts';

/** Locks the rows that are read. On SQLite a transaction holds the only write lock there is from its beginning. */
export function forUpdate<T extends keyof Schema, O>(
  dialect: Database['dialect'],
  query: SelectQueryBuilder<Schema, T, O>,
): SelectQueryBuilder<Schema, T, O> {
  return dialect === 'postgres' ? query.forUpdate() : query;
}

/**
 * `column` is one of those the query finds, leaving out rows that somebody else is changing: what claims and purges
 * need, so that they neither wait nor deadlock. As an array the query runs once, whatever plan is chosen around it.
 */
export function amongUnlocked<DB, T extends keyof DB, O>(
  dialect: Database['dialect'],
  column: string,
  query: SelectQueryBuilder<DB, T, O>,
): RawBuilder<SqlBool> {
  return dialect === 'postgres'
    ? sql`${sql.ref(column)} = any(array(${query.forUpdate().skipLocked()}))`
    : sql`${sql.ref(column)} in (${query})`;
}

/** As amongUnlocked, for the query's own answer to each row of `table` (made by `ctes`), whose columns it may name. */
export function amongUnlockedOfEach(
  dialect: Database['dialect'],
  column: string,
  { ctes, table, query }: { ctes: RawBuilder<unknown>; table: string; query: RawBuilder<unknown> },
): RawBuilder<SqlBool> {
  const [found, from] = [sql.ref(column), sql.table(table)];
  return dialect === 'postgres'
    ? sql`${found} = any(array(${ctes} select unnest(array(${query} for update skip locked)) from ${from}))`
    : sql`${found} in (
        ${ctes} select value from ${from}, json_each((select json_group_array(${found}) from (${query})))
      )`;
}
