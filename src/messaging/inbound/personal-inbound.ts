import type { Database } from '../../db/open.ts';
import { purgeRows } from '../../db/purge-rows.ts';
import type { Collect, Eraser, Erasure } from '../../lib/subject.ts';
import { viewResponse } from './inbound-routes.ts';
import { type QueuedReply, REPLIES } from './reply-queue.ts';

/** What was answered to surveys, and answers that wait to be sent; after the messages that they come of. */
export function createSurveyEraser(db: Database): Eraser {
  const { kysely } = db;
  return {
    name: 'survey_responses',
    async erase(erasure) {
      await eraseReplies(db, erasure);
      const { hash, project, modes, until } = erasure;
      const all = kysely
        .deleteFrom('survey_responses')
        .where('address_hash', '=', hash)
        .where('mode', 'in', [...modes])
        .where('created_at', '<=', until);
      const gone = await (project === null ? all : all.where('project_id', '=', project)).executeTakeFirst();
      return { count: Number(gone.numDeletedRows) };
    },
  };
}

async function eraseReplies({ kysely }: Database, { project, modes, isAddress }: Erasure): Promise<void> {
  const waiting = await kysely.selectFrom('jobs').select(['id', 'payload']).where('queue', '=', REPLIES).execute();
  const ids = waiting.flatMap(({ id, payload }) => {
    const { owner, input }: QueuedReply = JSON.parse(payload ?? '');
    const isReached = (project === null || owner.project === project) && modes.includes(owner.mode);
    return isReached && isAddress(input.to) ? [id] : [];
  });
  if (ids.length > 0) await kysely.deleteFrom('jobs').where('queue', '=', REPLIES).where('id', 'in', ids).execute();
}

export function createSurveyCollector({ kysely }: Database): Collect {
  return async function* collect({ hash, project, modes }) {
    const all = kysely
      .selectFrom('survey_responses')
      .selectAll()
      .where('address_hash', '=', hash)
      .where('mode', 'in', [...modes])
      .orderBy('created_at')
      .orderBy('id');
    for (const row of await (project === null ? all : all.where('project_id', '=', project)).execute()) {
      yield { kind: 'survey_response', record: { project: row.project_id, mode: row.mode, ...viewResponse(row) } };
    }
  };
}

/** What was answered to surveys. */
export const purgeResponses = purgeRows('survey_responses', 'created_at');
