import { type RawBuilder, sql } from 'kysely';
import type { Database } from './open.ts';

/** A member of the JSON object in a text column, as text; null when it is not there. */
export function jsonMember(dialect: Database['dialect'], column: string, name: string): RawBuilder<string | null> {
  if (dialect === 'postgres') return sql`(${sql.ref(column)}::json ->> ${sql.lit(name)})`;
  return sql`json_extract(${sql.ref(column)}, ${sql.lit(`$.${name}`)})`;
}
