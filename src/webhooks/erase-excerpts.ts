import type { Database } from '../db/open.ts';
import type { Eraser } from '../lib/subject.ts';

/**
 * What receivers answered may quote what they were told. Deliveries themselves stay: what is still to be delivered is
 * read from the log, which says nothing of the person any more.
 */
export function createExcerptEraser({ kysely }: Database): Eraser {
  return {
    name: 'webhook_attempts',
    async erase({ id }) {
      // By place, which is how deliveries are indexed, of events that were stripped.
      const erased = await kysely
        .updateTable('webhook_deliveries')
        .set({ history: '[]' })
        .where('history', '<>', '[]')
        .where('endpoint_id', 'in', (eb) => eb.selectFrom('webhook_endpoints').select('id'))
        .where('log_index', 'in', (eb) =>
          eb
            .selectFrom('audit_leaves')
            .innerJoin('erased_objects', 'erased_objects.object_id', 'audit_leaves.event_id')
            .where('erased_objects.erasure_id', '=', id)
            .select('audit_leaves.log_index'),
        )
        .executeTakeFirst();
      return { count: Number(erased.numUpdatedRows) };
    },
  };
}
