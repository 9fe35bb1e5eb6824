import { viewEvent } from '../audit/event-view.ts';
import { fromEventRow } from '../audit/events-table.ts';
import type { Database } from '../db/open.ts';
import type { Collect } from '../lib/subject.ts';

const PAGE = 200;

/** Events filed under a person, oldest first. */
export function createEventCollector({ kysely }: Database): Collect {
  return async function* collect({ hash, project, modes }) {
    for (let after = -1; ; ) {
      const filed = kysely
        .selectFrom('events')
        .selectAll()
        .where('recipient_hash', '=', hash)
        .where('mode', 'in', [...modes])
        .where('position', '>', after);
      const own = project === null ? filed : filed.where('project_id', '=', project);
      const rows = await own.orderBy('position').limit(PAGE).execute();
      for (const row of rows) yield { kind: 'event', record: viewEvent(fromEventRow(row)) };
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) return;
      after = last.position;
    }
  };
}
