import { sql } from 'kysely';
import { amongUnlocked } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { PurgeOld } from '../../db/purge-old.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Collect, Eraser } from '../../lib/subject.ts';
import { viewResponse } from './inbound-routes.ts';
import { inboundIdOf, REPLIES } from './reply-queue.ts';

/** What was answered to surveys, and answers that wait to be sent; before the messages that they came of. */
export function createSurveyEraser(db: Database): Eraser {
  return {
    name: 'survey_responses',
    erase: ({ hash, project, modes, until }) =>
      writeTransaction(db, {}, async (trx) => {
        const wrote = trx.selectFrom('inbound_messages').select('id').where('sender_hash', '=', hash);
        await trx
          .deleteFrom('jobs')
          .where('queue', '=', REPLIES)
          .where(
            inboundIdOf(sql.ref('jobs.id')),
            'in',
            project === null ? wrote : wrote.where('project_id', '=', project),
          )
          .execute();
        const all = trx
          .deleteFrom('survey_responses')
          .where('address_hash', '=', hash)
          .where('mode', 'in', [...modes])
          .where('created_at', '<=', until);
        const gone = await (project === null ? all : all.where('project_id', '=', project)).executeTakeFirst();
        return { count: Number(gone.numDeletedRows) };
      }),
  };
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
export const purgeResponses: PurgeOld = async (trx, dialect, { project, mode, before, limit }) => {
  const old = trx
    .selectFrom('survey_responses')
    .select('id')
    .where('project_id', project === null ? 'is' : '=', project)
    .where('mode', '=', mode)
    .where('created_at', '<=', before)
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit);
  const gone = await trx
    .deleteFrom('survey_responses')
    .where(amongUnlocked(dialect, 'id', old))
    .executeTakeFirst();
  return Number(gone.numDeletedRows);
};
