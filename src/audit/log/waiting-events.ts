import { type CompiledQuery, type Selectable, sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { lookUp } from '../../db/row-set.ts';
import type { EventTable } from '../../db/schema.ts';

type Store = Pick<Database, 'kysely' | 'dialect'>;

/**
 * The first events that are not in the log yet; one that is listed and gone holds up no other. They are looked up one by
 * one: as a plain join Postgres would merge the list with the events, which it reads from the very first one on for that.
 */
export function selectWaiting({ kysely, dialect }: Store, limit: number): CompiledQuery<Selectable<EventTable>> {
  return sql<Selectable<EventTable>>`
    select events.* from (select position from unsealed_events order by position) as w
    ${lookUp(dialect, 'events', 'events', sql`events.position = w.position`)}
    order by w.position limit ${sql.lit(limit)}`.compile(kysely);
}

export async function findOldestWaiting(db: Store): Promise<Selectable<EventTable> | undefined> {
  const { rows } = await db.kysely.executeQuery(selectWaiting(db, 1));
  return rows[0];
}
