import type { Database } from '../db/open.ts';
import type { Eraser } from '../lib/subject.ts';

const BATCH = 500;

/**
 * What receivers answered may quote what they were told. Deliveries themselves stay: what is still to be delivered is
 * read from the log, which says nothing of the person any more.
 */
export function createExcerptEraser({ kysely }: Database): Eraser {
  return {
    name: 'webhook_attempts',
    async erase({ id }) {
      const endpoints = await kysely.selectFrom('webhook_endpoints').select('id').execute();
      const places = await kysely
        .selectFrom('erased_objects')
        .innerJoin('audit_leaves', 'audit_leaves.event_id', 'erased_objects.object_id')
        .where('erasure_id', '=', id)
        .select('log_index')
        .execute();
      let count = 0;
      for (const endpoint of endpoints) {
        for (let at = 0; at < places.length; at += BATCH) {
          const indexes = places.slice(at, at + BATCH).map(({ log_index }) => log_index);
          // By place: that is how they are indexed.
          const emptied = await kysely
            .updateTable('webhook_deliveries')
            .set({ history: '[]' })
            .where('endpoint_id', '=', endpoint.id)
            .where('log_index', 'in', indexes)
            .where('history', '<>', '[]')
            .executeTakeFirst();
          count += Number(emptied.numUpdatedRows);
        }
      }
      return { count };
    },
  };
}
