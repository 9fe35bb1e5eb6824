import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Collect, Eraser, Subject } from '../../lib/subject.ts';
import { oneOf } from '../contacts/one-of.ts';
import type { LinkCache } from './link-cache.ts';

/** Links of a person's messages: their addresses may name the person, and who followed them is known. */
export function createLinkEraser(db: Database, cache: LinkCache): Eraser {
  return {
    name: 'links',
    erase: (erasure) =>
      writeTransaction(db, {}, async (trx) => {
        const own = trx
          .deleteFrom('links')
          .where('recipient_hash', '=', erasure.hash)
          .where('mode', 'in', [...erasure.modes])
          .where('created_at', '<=', erasure.until);
        const reached = erasure.project === null ? own : own.where('project_id', '=', erasure.project);
        const gone = await reached.returning('id').execute();
        const ids = gone.map(({ id }) => id);
        if (ids.length > 0) {
          await trx
            .deleteFrom('link_visitors')
            .where(oneOf(db.dialect, 'link_id', ids))
            .execute();
        }
        cache.forget(ids);
        return { count: ids.length };
      }),
  };
}

export function createLinkCollector({ kysely }: Database): Collect {
  return async function* collect({ hash, project, modes }: Subject) {
    const own = kysely
      .selectFrom('links')
      .select(['id', 'url', 'message_id', 'created_at', 'expires_at', 'human_clicks', 'first_click_at'])
      .where('recipient_hash', '=', hash)
      .where('mode', 'in', [...modes])
      .orderBy('created_at')
      .orderBy('id');
    const rows = await (project === null ? own : own.where('project_id', '=', project)).execute();
    for (const record of rows) yield { kind: 'link', record };
  };
}
