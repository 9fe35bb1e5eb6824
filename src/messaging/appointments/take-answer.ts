import { insertEvents } from '../../audit/insert-events.ts';
import { filterOnly } from '../../db/filter-only.ts';
import type { Database } from '../../db/open.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { languagesOf } from '../consent/keywords/country-languages.ts';
import { senderKey } from '../consent/sender-key.ts';
import type { Handled, InboundHandler, InboundTurn } from '../inbound/inbound.ts';
import { ANSWER_TEXTS } from './answer-texts.ts';
import type { AnswerWords } from './answer-words.ts';
import { ANSWERED, type Answer, type AppointmentRow, OPEN } from './appointment.ts';
import { appointmentEvent } from './appointment-event.ts';
import { lockAppointment } from './appointments-table.ts';
import { setStatus } from './change-appointment.ts';
import { type ReadAnswer, readAnswer } from './read-answer.ts';
import { localeOf, sayTime } from './say-time.ts';
import { type AppointmentSettings, readSettings } from './settings.ts';
import { EVENT_OF } from './transitions.ts';

/** Of one person at once: more is nobody's diary. */
const LOOKED_AT = 50;
/** Reminders that came so close to each other were read together. */
const TOGETHER_MS = 600_000;

/**
 * Answers to reminders. Only who was reminded has something to answer, and by the number that reminded him; of several
 * appointments that of the newest reminder is meant, of those that came together the next one. CANCEL, which stops
 * marketing too, cancels it all the same.
 */
export function createAnswerTaker({ dialect }: Pick<Database, 'dialect'>, queue: JobQueue): InboundHandler {
  async function handle(turn: InboundTurn): Promise<Handled | null> {
    const { trx, message, owner, takenBy, now } = turn;
    if (message.channel === 'voice' || (takenBy !== null && takenBy !== 'consent')) return null;
    const reminded = await findReminded(turn);
    if (reminded.length === 0) return null;
    const settings = await readSettings(trx, owner);
    const said = findMeant(message.text, reminded, settings.words);
    const found = said && (await lockAppointment(trx, dialect, owner, said.row.id));
    if (!said || !found) return null;
    const { answer, language } = said.read;
    const data = { appointment_id: found.row.id, answer };
    const status = ANSWERED[answer];
    // Said again, it is heard and not answered again.
    if (found.row.status === status) return { takes: true, data };
    if (!OPEN.includes(found.row.status)) return null;
    const { row } = await setStatus(trx, queue, found, status, now, now);
    const how = { by: 'reply', inbound_id: message.id };
    await insertEvents(trx, [appointmentEvent(EVENT_OF[status], row, null, now, how)]);
    const reply = answerTo(row, answer, language, settings.answers);
    return { takes: true, data, ...(reply && { replies: [reply] }) };
  }

  return { name: 'appointments', handle };
}

interface Meant {
  row: AppointmentRow;
  read: ReadAnswer;
}

/** The first one; a second “yes” is for the next that is not confirmed yet, a second “no” for no other one. */
function findMeant(text: string, reminded: readonly AppointmentRow[], own: AnswerWords): Meant | null {
  const read = reminded.flatMap((row): Meant[] => {
    const answer = readAnswer(text, languagesFor(row), own);
    return answer ? [{ row, read: answer }] : [];
  });
  const [newest = null] = read;
  if (newest?.read.answer === 'cancel') return newest;
  const open = read.filter(({ row }) => row.status !== 'canceled');
  const [first = null] = open;
  if (first?.read.answer !== 'confirm') return first;
  return open.find(({ row, read: { answer } }) => answer === 'confirm' && row.status !== 'confirmed') ?? first;
}

function languagesFor({ locale, country }: AppointmentRow): string[] {
  const own = locale?.split('-')[0]?.toLowerCase();
  return [...new Set([...(own === undefined ? [] : [own]), ...languagesOf(country), 'en'])];
}

/**
 * Still to come, or canceled: of which a reminder has gone out by the sender that is answered; that of the newest one
 * first.
 */
async function findReminded({ trx, message, owner, who, now }: InboundTurn): Promise<AppointmentRow[]> {
  const rows = await trx
    .selectFrom('appointments as a')
    .innerJoin('appointment_reminders as r', (join) =>
      join.onRef('r.appointment_id', '=', 'a.id').onRef('r.plan', '=', 'a.plan'),
    )
    .innerJoin('message_attempts as t', 't.message_id', 'r.message_id')
    .selectAll('a')
    .select(['t.sender as reminded_by', 't.started_at as reminded_at'])
    .where('a.recipient_hash', '=', who.hash)
    .where(filterOnly('a.project_id'), '=', owner.project)
    .where('a.mode', '=', owner.mode)
    .where('a.status', 'in', [...OPEN, 'canceled'])
    .where('a.starts_at', '>', now)
    .where('r.status', '=', 'sent')
    .orderBy('a.starts_at')
    .orderBy('a.id')
    .limit(LOOKED_AT)
    .execute();
  const by = senderKey(message.recipient);
  const answered = rows.filter(({ reminded_by }) => reminded_by === null || senderKey(reminded_by) === by);
  const newest = Math.max(...answered.map(({ reminded_at }) => reminded_at));
  const isLately = ({ reminded_at }: { reminded_at: number }) => reminded_at > newest - TOGETHER_MS;
  const inTurn = [...answered.filter(isLately), ...answered.filter((row) => !isLately(row))];
  return [...new Map(inTurn.map(({ reminded_by: _, reminded_at: __, ...row }) => [row.id, row])).values()];
}

function answerTo(
  row: AppointmentRow,
  answer: Answer,
  language: string,
  own: AppointmentSettings['answers'],
): { text: string; locale: string } | null {
  const locale = localeOf(row);
  const spoken = [language, ...languagesFor(row)].find((one) => ANSWER_TEXTS[one] !== undefined) ?? 'en';
  const text = own[answer] === undefined ? ANSWER_TEXTS[spoken]?.[answer] : own[answer];
  if (text === null || text === undefined) return null;
  const said = own[answer] === undefined && locale.split('-')[0] !== spoken ? spoken : locale;
  const { date, time } = sayTime(row.starts_at, row.time_zone, said);
  return { text: text.replaceAll('{date}', () => date).replaceAll('{time}', () => time), locale: said };
}
