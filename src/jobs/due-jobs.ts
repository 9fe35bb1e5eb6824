import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { amongUnlockedOfEach } from '../db/locking.ts';
import type { Database } from '../db/open.ts';

export interface DueJobs {
  queue: string;
  lane: number;
  now: number;
  max: number;
  /** Owners that have as many as they may have at once. */
  except: readonly string[];
}

/**
 * `id` is one of at most `max` that are due and that nobody else is claiming, taken evenly from all owners that
 * have such: who has a hundred thousand waiting does not hold up who has one. Owners are found one by one in the
 * index, whatever they have waiting; should they be more than `max`, those come first whose oldest job has waited
 * longest.
 */
export function amongDue(
  dialect: Database['dialect'],
  { queue, lane, now, max, except }: DueJobs,
): RawBuilder<SqlBool> {
  const own = sql`queue = ${queue} and lane = ${lane}`;
  const heads = sql`
    with recursive owners (owner) as (
      select min(owner) from jobs where ${own}
      union all
      select (select min(owner) from jobs where ${own} and owner > owners.owner) from owners
      where owners.owner is not null
    ), heads as (
      select owner from (
        select owner, (select min(due_at) from jobs where ${own} and jobs.owner = owners.owner) as first
        from owners where owner is not null ${except.length > 0 ? sql`and owner not in (${sql.join(except)})` : sql``}
      ) as firsts
      where first <= ${now} order by first limit ${max}
    )`;
  const due = sql`
    select id from jobs where ${own} and owner = heads.owner and due_at <= ${now} order by due_at
    limit (select cast(${max} as integer) / nullif(count(*), 0) from heads)`;
  return amongUnlockedOfEach(dialect, 'id', { ctes: heads, table: 'heads', query: due });
}
