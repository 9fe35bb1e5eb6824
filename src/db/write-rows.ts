import { type CompiledQuery, type RawBuilder, sql } from 'kysely';
import { EachRow, type SqlValue } from './each-row.ts';
import type { Database } from './open.ts';
import { columnsOf, rowSetStatement, setColumns } from './row-set.ts';
import type { Schema } from './schema.ts';

/**
 * What writes many rows, compiled once: on Postgres one statement over a row set, on SQLite a statement that is run for
 * each row, within a transaction. With no rows there is nothing to do: null.
 */
export type WriteRows<Column extends string, R = unknown> = (
  rows: readonly Readonly<Record<Column, SqlValue>>[],
) => CompiledQuery<R> | null;

type Types<Column extends string> = Readonly<Record<Column, 'text' | 'bigint'>>;
type Dialect = Pick<Database, 'kysely' | 'dialect'>;

/** `rest` follows the values: what to do on a conflict, what to answer with. */
export function insertStatement<Column extends string, R = unknown>(
  db: Dialect,
  table: keyof Schema,
  columns: Types<Column>,
  rest: RawBuilder<R> = sql``,
): WriteRows<Column, R> {
  const into = sql`insert into ${sql.table(table)} (${columnsOf(columns)})`;
  if (db.dialect === 'postgres') {
    return rowSetStatement<Column, R>(
      db,
      columns,
      (rows) => sql<R>`${into} select ${columnsOf(columns)} from ${rows} where true ${rest}`,
    );
  }
  const names = Object.keys(columns) as Column[];
  return eachRow(db, names, sql<R>`${into} values (${sql.join(names.map(() => sql`${null}`))}) ${rest}`);
}

/** Sets the columns of the row with this key. */
export function updateStatement<Key extends string, Column extends string>(
  db: Dialect,
  table: keyof Schema,
  key: Types<Key>,
  columns: Types<Column>,
): WriteRows<Key | Column> {
  const keys = Object.keys(key) as Key[];
  const update = sql`update ${sql.table(table)}`;
  if (db.dialect === 'postgres') {
    const found = keys.map((name) => sql`${sql.ref(`${table}.${name}`)} = ${sql.ref(`r.${name}`)}`);
    const all = { ...key, ...columns } as unknown as Types<Key | Column>;
    return rowSetStatement(
      db,
      all,
      (rows) => sql`${update} set ${setColumns(columns, 'r')} from ${rows} where ${sql.join(found, sql` and `)}`,
    );
  }
  const names = Object.keys(columns) as Column[];
  const equals = (name: string) => sql`${sql.ref(name)} = ${null}`;
  const found = sql.join(keys.map(equals), sql` and `);
  return eachRow(db, [...names, ...keys], sql`${update} set ${sql.join(names.map(equals))} where ${found}`);
}

function eachRow<Column extends string, R>(
  { kysely }: Dialect,
  names: readonly Column[],
  statement: RawBuilder<R>,
): WriteRows<Column, R> {
  const query = statement.compile(kysely);
  return (rows) => {
    if (rows.length === 0) return null;
    const values = rows.map((row) => names.map((name) => row[name]));
    return { ...query, parameters: [new EachRow(values)] };
  };
}
