import type { Selectable } from 'kysely';
import { insertEvents } from '../../audit/insert-events.ts';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { SurveyResponseTable } from '../../db/schema/inbound.ts';
import { newId } from '../../lib/ids.ts';
import { senderKey } from '../consent/sender-key.ts';
import type { Handled, InboundHandler, InboundTurn } from './inbound.ts';
import { readAnswer, type Survey, wordQuestion } from './survey.ts';
import { surveyEvent } from './survey-responses.ts';

type ResponseRow = Selectable<SurveyResponseTable>;

/** Answers that do not fit are asked for again so often: what answers is perhaps a machine. */
const MAX_MISSES = 3;

/** Whoever was asked something is answering it. */
export function createSurveyHandler({ dialect }: Pick<Database, 'dialect'>): InboundHandler {
  async function handle(turn: InboundTurn): Promise<Handled | null> {
    const { trx, owner, who, message, takenBy, now } = turn;
    const open = trx
      .selectFrom('survey_responses')
      .selectAll()
      .where('address_hash', '=', who.hash)
      .where('project_id', '=', owner.project)
      .where('mode', '=', owner.mode)
      .where('channel', '=', message.channel)
      .where('number_key', '=', senderKey(message.recipient))
      .where('due_at', '>', now);
    const row = await forUpdate(dialect, open).executeTakeFirst();
    if (!row) return null;
    if (takenBy !== null) {
      // STOP ends it; who asks for help, or has something else to say, may go on afterwards.
      if (turn.read?.kind === 'stop') await end(turn, row, 'abandoned');
      return null;
    }
    return answer(turn, row);
  }

  async function answer(turn: InboundTurn, row: ResponseRow): Promise<Handled> {
    const survey: Survey = JSON.parse(row.survey);
    const answers: string[] = JSON.parse(row.answers);
    const handled = { takes: true, data: { survey_response_id: row.id, keyword_id: row.keyword_id } };
    const question = survey.questions[answers.length];
    const said = question ? readAnswer(question, turn.message.text) : null;
    if (question && said === null) {
      if (row.misses + 1 >= MAX_MISSES) {
        await end(turn, row, 'abandoned');
        return handled;
      }
      await change(turn, row, { misses: row.misses + 1, due_at: dueAt(survey, turn.now) });
      return { ...handled, replies: [{ text: wordQuestion(question) }] };
    }
    const all = said === null ? answers : [...answers, said];
    const next = survey.questions[all.length];
    const kept = { answers: JSON.stringify(all), misses: 0 };
    if (next) {
      await change(turn, row, { ...kept, due_at: dueAt(survey, turn.now) });
      return { ...handled, replies: [{ text: wordQuestion(next) }] };
    }
    await end(turn, { ...row, ...kept }, 'completed');
    return { ...handled, replies: survey.closing === undefined ? [] : [{ text: survey.closing }] };
  }

  return { name: 'survey', handle };
}

/** Answers with the first question. */
export async function beginSurvey(turn: InboundTurn, survey: Survey, keywordId: string): Promise<string | undefined> {
  const { trx, owner, who, message, now } = turn;
  const [first] = survey.questions;
  if (!first) return undefined;
  const number_key = senderKey(message.recipient);
  // One whose time is over, and that nobody has ended yet.
  const over = await trx
    .selectFrom('survey_responses')
    .selectAll()
    .where('address_hash', '=', who.hash)
    .where('project_id', '=', owner.project)
    .where('mode', '=', owner.mode)
    .where('channel', '=', message.channel)
    .where('number_key', '=', number_key)
    .where('due_at', 'is not', null)
    .execute();
  for (const row of over) await end(turn, row, 'expired');
  await trx
    .insertInto('survey_responses')
    .values({
      id: newId('srv'),
      ...{ project_id: owner.project, mode: owner.mode, keyword_id: keywordId, channel: message.channel },
      ...{ address_hash: who.hash, address: who.address, address_masked: who.masked },
      ...{ number: message.recipient, number_key, status: 'running', survey: JSON.stringify(survey) },
      ...{ answers: '[]', misses: 0, due_at: dueAt(survey, now), created_at: now, updated_at: now },
    })
    .execute();
  return wordQuestion(first);
}

const DAY_SECONDS = 86_400;
const dueAt = ({ timeout_seconds = DAY_SECONDS }: Survey, now: number) => now + timeout_seconds * 1000;

async function change({ trx, now }: InboundTurn, { id }: ResponseRow, changes: Partial<ResponseRow>): Promise<void> {
  await trx
    .updateTable('survey_responses')
    .set({ ...changes, updated_at: now })
    .where('id', '=', id)
    .execute();
}

async function end(turn: InboundTurn, row: ResponseRow, status: 'completed' | 'expired' | 'abandoned'): Promise<void> {
  await change(turn, row, { status, answers: row.answers, misses: row.misses, due_at: null });
  await insertEvents(turn.trx, [surveyEvent(row, status, turn.now)]);
}
