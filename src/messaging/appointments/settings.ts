import type { Kysely } from 'kysely';
import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { AnswerWords } from './answer-words.ts';
import type { Answer, Owner } from './appointment.ts';

/** How a project takes answers to its reminders. */
export interface AppointmentSettings {
  /** Besides those of the languages. */
  words: AnswerWords;
  /** What it says to each; missing: as the service does, in the person's language; null: nothing. */
  answers: Readonly<Partial<Record<Answer, string | null>>>;
}

const USUAL: AppointmentSettings = { words: { confirm: [], cancel: [], reschedule: [] }, answers: {} };

export async function readSettings(db: Kysely<Schema>, { project, mode }: Owner): Promise<AppointmentSettings> {
  const row = await db
    .selectFrom('appointment_settings')
    .select(['words', 'answers'])
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .executeTakeFirst();
  return row ? { words: JSON.parse(row.words), answers: JSON.parse(row.answers) } : USUAL;
}

export function saveSettings(
  db: Database,
  { project, mode }: Owner,
  { words, answers }: AppointmentSettings,
  actor: Actor,
  now: number,
): Promise<void> {
  return writeTransaction(db, {}, async (trx) => {
    const values = { words: JSON.stringify(words), answers: JSON.stringify(answers), updated_at: now };
    await trx
      .insertInto('appointment_settings')
      .values({ project_id: project, mode, ...values })
      .onConflict((conflict) => conflict.columns(['project_id', 'mode']).doUpdateSet(values))
      .execute();
    const data = { own_words: Object.values(words).flat().length, own_answers: Object.keys(answers) };
    await insertEvents(trx, [adminEvent('appointment_settings.updated', project, actor, now, data)]);
  });
}
