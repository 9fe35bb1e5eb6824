import { type Insertable, sql, type Transaction } from 'kysely';
import type { AuditEvent } from '../audit/event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { RetentionTallyTable } from '../db/schema/privacy.ts';
import type { Schema } from '../db/schema.ts';
import { toTimestamp } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';

export type Tally = Insertable<RetentionTallyTable>;

/** Counts what has just been destroyed, in the same transaction: it is told of however the process ends. */
export async function addTallies(trx: Transaction<Schema>, tallies: readonly Tally[]): Promise<void> {
  if (tallies.length === 0) return;
  await trx
    .insertInto('retention_tallies')
    .values([...tallies])
    .onConflict((conflict) =>
      conflict.columns(['class', 'project_id', 'mode']).doUpdateSet({
        before: sql`excluded.before`,
        count: sql`retention_tallies.count + excluded.count`,
        // Events come in the order in which they were inserted, which is not quite that of the log.
        first_index: further('<', 'first_index'),
        last_index: further('>', 'last_index'),
      }),
    )
    .execute();
}

function further(than: '<' | '>', column: 'first_index' | 'last_index') {
  const [old, added] = [sql.ref(`retention_tallies.${column}`), sql.ref(`excluded.${column}`)];
  return sql<number | null>`case when ${added} ${sql.raw(than)} ${old} then ${added} else ${old} end`;
}

/** One event for what was destroyed of a class and project since the last time. */
export async function tellTallies(trx: Transaction<Schema>, now: number): Promise<number> {
  const tallies = await trx.deleteFrom('retention_tallies').returningAll().execute();
  if (tallies.length === 0) return 0;
  await insertEvents(
    trx,
    tallies.map(
      (tally): AuditEvent => ({
        id: newId('evt'),
        type: 'retention.applied',
        at: now,
        project: tally.project_id,
        mode: tally.mode,
        actor: 'system',
        data: {
          class: tally.class,
          before: toTimestamp(tally.before),
          count: tally.count,
          ...(tally.first_index !== null && { first_index: tally.first_index, last_index: tally.last_index }),
        },
      }),
    ),
  );
  return tallies.length;
}
