import { type RawBuilder, sql } from 'kysely';
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
