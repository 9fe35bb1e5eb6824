import { type Selectable, type SqlBool, sql } from 'kysely';
import { fromEventRow } from '../../audit/events-table.ts';
import { filterOnly } from '../../db/filter-only.ts';
import type { Database } from '../../db/open.ts';
import { lookUp } from '../../db/row-set.ts';
import type { EventTable } from '../../db/schema.ts';
import type { Definition, RunRow } from './automation.ts';
import { stopReasonOf, stopTypes } from './match-event.ts';

/** What the person has done since: told by the feed as well, which may be some seconds late. */
export async function findStop(
  { kysely, dialect }: Database,
  run: Pick<RunRow, 'project_id' | 'mode' | 'contact_id' | 'entered_at'>,
  definition: Definition,
): Promise<string | null> {
  const types = stopTypes(definition);
  if (types.length === 0) return null;
  const theirs = sql<SqlBool>`e.recipient_hash = a.address_hash and ${filterOnly('e.project_id')} = ${run.project_id}
    and e.mode = ${run.mode} and e.type in (${sql.join(types)}) and e.created_at > ${run.entered_at}`;
  const { rows } = await sql<Selectable<EventTable>>`
    select e.* from contact_addresses a ${lookUp(dialect, 'events', 'e', theirs)}
    where a.contact_id = ${run.contact_id} order by e.position desc limit 100
  `.execute(kysely);
  for (const event of rows.map(fromEventRow)) {
    const reason = stopReasonOf(definition, event);
    if (reason !== null) return reason;
  }
  return null;
}
