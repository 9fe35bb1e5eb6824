import { type CompiledQuery, type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { lookUp } from '../../db/row-set.ts';
import type { EventTable, Schema } from '../../db/schema.ts';

/**
 * The first events that are not in the log yet. They are looked up one by one: as a plain join Postgres would merge the
 * list with the events, which it reads from the very first one on for that.
 */
export function selectWaiting(
  { kysely, dialect }: Pick<Database, 'kysely' | 'dialect'>,
  limit: number,
): CompiledQuery<Selectable<EventTable>> {
  return sql<Selectable<EventTable>>`
    select events.* from (select position from unsealed_events order by position limit ${sql.lit(limit)}) as w
    ${lookUp(dialect, 'events', 'events', sql`events.position = w.position`)}
    order by w.position`.compile(kysely);
}

/** When the oldest of them happened, ms. */
export async function findOldestWaiting(db: Kysely<Schema>): Promise<Pick<EventTable, 'created_at'> | undefined> {
  return db
    .selectFrom('events')
    .where('position', '=', (eb) => eb.selectFrom('unsealed_events').select(({ fn }) => fn.min('position').as('first')))
    .select('created_at')
    .executeTakeFirst();
}
