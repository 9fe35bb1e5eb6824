import { type CompiledQuery, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from './open.ts';
import type { Schema } from './schema.ts';

/**
 * Many rows as one parameter, to select from. The statement's text does not depend on their number: nothing is
 * compiled or parsed anew for each batch.
 */
export function rowSet<Column extends string>(
  dialect: Database['dialect'],
  columns: Readonly<Record<Column, 'text' | 'bigint'>>,
  rows: readonly Readonly<Record<Column, string | number | null>>[],
): RawBuilder<unknown> {
  const json = JSON.stringify(rows);
  const names = Object.keys(columns) as Column[];
  if (dialect === 'postgres') {
    const typed = names.map((name) => sql`${sql.ref(name)} ${sql.raw(columns[name])}`);
    return sql`json_to_recordset(${json}) as r (${sql.join(typed)})`;
  }
  const read = names.map((name) => sql`value ->> ${sql.lit(name)} as ${sql.ref(name)}`);
  return sql`(select ${sql.join(read)} from json_each(${json})) as r`;
}

/**
 * `column` is one of these: true of every row that a join with their row set finds, and needed by Postgres only. It knows
 * nothing of the number of rows in a set, nor of a queue's table that has just been filled, and would rather read all of
 * that than look up each. An array from a query it takes for short, and goes by the index.
 */
export function among(dialect: Database['dialect'], column: string, values: readonly string[]): RawBuilder<SqlBool> {
  return dialect === 'postgres' ? sql`${sql.ref(column)} = any(array(select unnest(${values}::text[])))` : sql`true`;
}

/** The columns of a row set, to insert into and to select. */
export function columnsOf(types: object): RawBuilder<unknown> {
  return sql.join(Object.keys(types).map((name) => sql.ref(name)));
}

/** Each column as `from` has it: `excluded`, or `r` for the row set. */
export function setColumns(types: object, from: string): RawBuilder<unknown> {
  return sql.join(Object.keys(types).map((name) => sql`${sql.ref(name)} = ${sql.ref(`${from}.${name}`)}`));
}

/** A statement whose only values are the keys it is about, compiled once. Without keys there is nothing to do: null. */
export function keysStatement<R>(
  { kysely, dialect }: Pick<Database, 'kysely' | 'dialect'>,
  column: string,
  build: (isOneOfThem: RawBuilder<SqlBool>) => RawBuilder<R>,
): (keys: readonly string[]) => CompiledQuery<R> | null {
  const isOneOfThem =
    dialect === 'postgres'
      ? among(dialect, column, [])
      : sql<SqlBool>`${sql.ref(column)} in (select value from json_each(${'[]'}))`;
  const query = build(isOneOfThem).compile(kysely);
  return (keys) =>
    keys.length === 0 ? null : { ...query, parameters: [dialect === 'postgres' ? keys : JSON.stringify(keys)] };
}

/**
 * Joins each row before it to rows of a table, looked up by an index: for what `among` cannot say. Without statistics
 * Postgres takes a table that is being filled for small and would rather read all of it than look up some hundred rows.
 */
export function lookUp(
  dialect: Database['dialect'],
  table: keyof Schema,
  alias: string,
  on: RawBuilder<SqlBool>,
  join: 'join' | 'left join' = 'join',
): RawBuilder<unknown> {
  const found = sql`${sql.table(table)} as ${sql.ref(alias)}`;
  if (dialect === 'sqlite') return sql`${sql.raw(join)} ${found} on ${on}`;
  // What has an offset is not made part of the query around it.
  return sql`${sql.raw(join)} lateral (select * from ${found} where ${on} offset 0) as ${sql.ref(alias)} on true`;
}

/** A statement whose only value is a row set, compiled once. With no rows there is nothing to do: null. */
export function rowSetStatement<Column extends string, R = unknown>(
  { kysely, dialect }: Pick<Database, 'kysely' | 'dialect'>,
  columns: Readonly<Record<Column, 'text' | 'bigint'>>,
  build: (rows: RawBuilder<unknown>) => RawBuilder<R>,
): (rows: readonly Readonly<Record<Column, string | number | null>>[]) => CompiledQuery<R> | null {
  const query = build(rowSet(dialect, columns, [])).compile(kysely);
  return (rows) => (rows.length === 0 ? null : { ...query, parameters: [JSON.stringify(rows)] });
}
