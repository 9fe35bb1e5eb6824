import { type Kysely, type Selectable, sql } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { filterOnly } from '../../db/filter-only.ts';
import { amongUnlocked } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { SurveyResponseTable } from '../../db/schema/inbound.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Owner } from '../consent/subject.ts';
import type { Place } from '../contacts/contacts-table.ts';

export type SurveyResponseRow = Selectable<SurveyResponseTable>;

const CHUNK = 200;

export interface ResponseFilter {
  keywordId?: string | undefined;
  status?: SurveyResponseRow['status'] | undefined;
}

export function listResponses(
  db: Kysely<Schema>,
  { project, mode }: Owner,
  { keywordId, status }: ResponseFilter,
  before: Place | null,
  limit: number,
): Promise<SurveyResponseRow[]> {
  const owner = keywordId === undefined ? sql.ref<string>('project_id') : filterOnly('project_id');
  let query = db.selectFrom('survey_responses').selectAll().where(owner, '=', project).where('mode', '=', mode);
  if (keywordId !== undefined) query = query.where('keyword_id', '=', keywordId);
  if (status !== undefined) query = query.where('status', '=', status);
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

/** Ends those that are not answered any more. Answers with how many. */
export async function expireResponses(db: Database, now: number): Promise<number> {
  const some = db.kysely
    .selectFrom('survey_responses')
    .select('id')
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(1);
  if ((await some.execute()).length === 0) return 0;
  return writeTransaction(db, {}, async (trx) => {
    const due = trx
      .selectFrom('survey_responses')
      .select('id')
      .where('due_at', '<=', now)
      .orderBy('due_at')
      .limit(CHUNK);
    const rows = await trx
      .updateTable('survey_responses')
      .set({ status: 'expired', due_at: null, updated_at: now })
      .where(amongUnlocked(db.dialect, 'id', due))
      .where('due_at', '<=', now)
      .returningAll()
      .execute();
    if (rows.length > 0) {
      await insertEvents(
        trx,
        rows.map((row) => surveyEvent(row, 'expired', now)),
      );
    }
    return rows.length;
  });
}

/** Its id derives from the response's: it ends once. What was answered is asked for with it. */
export function surveyEvent(
  row: SurveyResponseRow,
  status: 'completed' | 'expired' | 'abandoned',
  at: number,
): AuditEvent {
  const { id, project_id: project, mode, address_masked: masked, address_hash: hash, keyword_id, channel } = row;
  return {
    id: id.replace('srv_', 'evt_'),
    type: `survey.${status}`,
    at,
    ...{ project, mode },
    actor: 'system',
    recipient: { masked, hash },
    data: { survey_response_id: id, keyword_id, channel, answered: JSON.parse(row.answers).length },
  };
}
