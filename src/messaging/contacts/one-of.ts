import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { among } from '../../db/row-set.ts';

/**
 * `column` is one of these, however many, as one parameter. Not together with a join to the same values: PostgreSQL
 * would look through all of them for each row that it joins.
 */
export function oneOf(dialect: Database['dialect'], column: string, values: readonly string[]): RawBuilder<SqlBool> {
  if (dialect === 'postgres') return among(dialect, column, values);
  return sql`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`;
}
