import { type CompiledQuery, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from './open.ts';

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

/** A statement whose only value is a row set, compiled once. With no rows there is nothing to do: null. */
export function rowSetStatement<Column extends string, R = unknown>(
  { kysely, dialect }: Pick<Database, 'kysely' | 'dialect'>,
  columns: Readonly<Record<Column, 'text' | 'bigint'>>,
  build: (rows: RawBuilder<unknown>) => RawBuilder<R>,
): (rows: readonly Readonly<Record<Column, string | number | null>>[]) => CompiledQuery<R> | null {
  const query = build(rowSet(dialect, columns, [])).compile(kysely);
  return (rows) => (rows.length === 0 ? null : { ...query, parameters: [JSON.stringify(rows)] });
}
