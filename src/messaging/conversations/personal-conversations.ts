import type { Database } from '../../db/open.ts';
import { purgeRows } from '../../db/purge-rows.ts';
import type { Collect, Eraser } from '../../lib/subject.ts';
import { viewConversation } from './conversation-views.ts';

/** What was said in them goes with the messages. */
export function createConversationEraser({ kysely }: Database): Eraser {
  return {
    name: 'conversations',
    async erase({ hash, project, modes, until }) {
      const all = kysely
        .deleteFrom('conversations')
        .where('address_hash', '=', hash)
        .where('mode', 'in', [...modes])
        .where('created_at', '<=', until);
      const gone = await (project === null ? all : all.where('project_id', '=', project)).executeTakeFirst();
      return { count: Number(gone.numDeletedRows) };
    },
  };
}

export function createConversationCollector({ kysely }: Database): Collect {
  return async function* collect({ hash, project, modes }) {
    const all = kysely
      .selectFrom('conversations')
      .selectAll()
      .where('address_hash', '=', hash)
      .where('mode', 'in', [...modes])
      .orderBy('created_at')
      .orderBy('id');
    for (const row of await (project === null ? all : all.where('project_id', '=', project)).execute()) {
      const { contact_id: _contact, ...view } = viewConversation(row, null);
      yield { kind: 'conversation', record: { project: row.project_id, mode: row.mode, ...view } };
    }
  };
}

/** Those in which nobody has written for so long. */
export const purgeConversations = purgeRows('conversations', 'last_at');
