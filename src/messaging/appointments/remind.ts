import type { CompiledQuery } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { MessageCaller, MessageInserts } from '../../delivery/messages/create.ts';
import type { Job, JobQueue } from '../../jobs/queue.ts';
import { createJobWorker, type JobWorker } from '../../jobs/worker.ts';
import type { Now } from '../../lib/clock.ts';
import type { TemplateReader } from '../templates/template-reader.ts';
import { type AppointmentRow, type AppointmentStatus, OPEN, ownerOfRow, type ReminderRow } from './appointment.ts';
import { appointmentEvent } from './appointment-event.ts';
import { type Appointment, findAppointment } from './appointments-table.ts';
import { nextDueAt } from './plan-reminders.ts';
import { wordReminder } from './word-reminder.ts';

export interface RemindDeps {
  db: Database;
  queue: JobQueue;
  messages: MessageInserts;
  /** Of the messages: woken when there is one more. */
  outgoing: Pick<JobQueue, 'wake'>;
  reader: Pick<TemplateReader, 'find'>;
  /** What the project's policy has to say about its messages. */
  callerOf(project: string): Promise<Pick<MessageCaller, 'calls' | 'templateReview'>>;
  /** When a reminder may go out that is due at `now`: then, or when quiet hours end. */
  allowedAt(row: AppointmentRow, now: number): Promise<number>;
  /** Calls messages off that wait and that nobody should get any more. */
  callOff(appointment: Appointment, now: number): Promise<void>;
  now: Now;
  onError(error: unknown): void;
}

/** What becomes of a reminder, with what is written for it. */
interface Outcome {
  reminder: ReminderRow;
  statements?: readonly (CompiledQuery | null)[];
}

const LEASE_MS = 30_000;
const IDLE_MS = 1_000;
/** It changes under the hand that often only if somebody means it. */
const MAX_TURNS = 5;

/** Makes reminders messages when they are due, each once, and ends what nobody confirmed. */
export function createReminderWorker(deps: RemindDeps): JobWorker {
  const { db, queue, messages, reader, now } = deps;

  async function run(job: Job): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      if (await takeTurn(job, decide)) return;
    }
    throw new Error('the appointment changes all the time');
  }

  /** False: it was changed meanwhile, and nothing was done. */
  async function takeTurn(job: Job, judge: typeof decide): Promise<boolean> {
    const at = now();
    const found = await findById(job.id);
    if (found) await deps.callOff(found, at);
    if (!found || !OPEN.includes(found.row.status)) {
      await writeTransaction(db, {}, async (trx) => {
        const done = queue.complete([job]);
        if (done) await trx.executeQuery(done);
      });
      return true;
    }
    const { row, reminders } = found;
    const isOver = row.starts_at <= at;
    const due = reminders.filter(({ status, due_at }) => status === 'planned' && (isOver || due_at <= at));
    const [last, ...before] = due.toReversed();
    const outcomes: Outcome[] = before.map((reminder) => skip(reminder, isOver ? 'too_late' : 'overtaken'));
    if (last) outcomes.push(isOver ? skip(last, 'too_late') : await judge(row, last, at));
    const status = isOver && row.status !== 'confirmed' ? 'expired' : row.status;
    return commit(job, found, outcomes, status, at);
  }

  async function decide(row: AppointmentRow, reminder: ReminderRow, at: number): Promise<Outcome> {
    if (row.status === 'reschedule_requested') return skip(reminder, 'reschedule_requested');
    const { validity_seconds: validity } = row;
    const endsAt = Math.min(row.starts_at, validity === null ? Infinity : reminder.due_at + validity * 1000);
    if (endsAt <= at) return skip(reminder, 'expired');
    const allowedAt = await deps.allowedAt(row, at);
    if (allowedAt >= endsAt) return skip(reminder, 'quiet_hours');
    if (allowedAt > at) return { reminder: { ...reminder, due_at: allowedAt, reason: 'quiet_hours' } };
    const input = { ...(await wordReminder(reader, row)), validity_seconds: Math.floor((endsAt - at) / 1000) };
    const caller = { ...ownerOfRow(row), actor: row.actor, ...(await deps.callerOf(row.project_id)) };
    const seed = `reminder\0${row.id}\0${row.plan}\0${reminder.rule}`;
    const prepared = await messages.prepare(caller, input, at, seed);
    if (prepared.kind !== 'prepared') return { reminder: { ...reminder, status: 'failed', reason: prepared.kind } };
    prepared.message.row.contact_id = row.contact_id;
    const { rows, statements } = await messages.inserts([prepared.message]);
    const [message] = rows;
    const isBlocked = message?.status === 'blocked';
    const sent = { message_id: message?.id ?? null, reason: isBlocked ? (message?.reason ?? null) : null };
    return { reminder: { ...reminder, ...sent, status: isBlocked ? 'blocked' : 'sent' }, statements };
  }

  async function commit(
    job: Job,
    { row, reminders }: Appointment,
    outcomes: readonly Outcome[],
    status: AppointmentStatus,
    at: number,
  ): Promise<boolean> {
    const committed = await writeTransaction(db, {}, async (trx) => {
      const isMine = await trx
        .updateTable('appointments')
        .set({ status, revision: row.revision + 1, updated_at: status === row.status ? row.updated_at : at })
        .where('id', '=', row.id)
        .where('revision', '=', row.revision)
        .executeTakeFirst();
      if (isMine.numUpdatedRows === 0n) return false;
      for (const { reminder, statements = [] } of outcomes) {
        const { due_at, status, reason, message_id } = reminder;
        await trx
          .updateTable('appointment_reminders')
          .set({ due_at, status, reason, message_id })
          .where('appointment_id', '=', row.id)
          .where('plan', '=', reminder.plan)
          .where('rule', '=', reminder.rule)
          .execute();
        for (const statement of statements) if (statement) await trx.executeQuery(statement);
      }
      const events = eventsOf(row, outcomes, status, at);
      if (events.length > 0) await insertEvents(trx, events);
      const after = outcomes.map(({ reminder }) => reminder);
      const untouched = reminders.filter(
        ({ plan, rule }) => !after.some((one) => one.plan === plan && one.rule === rule),
      );
      const dueAt = isOverWith(status, row, at) ? null : nextDueAt({ ...row, status }, [...untouched, ...after]);
      const next = dueAt === null ? queue.complete([job]) : queue.putBack([{ ...job, dueAt, tries: 0 }]);
      if (next) await trx.executeQuery(next);
      return true;
    });
    if (committed && outcomes.some(({ statements }) => statements)) deps.outgoing.wake();
    return committed;
  }

  async function findById(id: string): Promise<Appointment | null> {
    const query = db.kysely.selectFrom('appointments').select(['project_id as project', 'mode']).where('id', '=', id);
    const owner = await query.executeTakeFirst();
    return owner ? findAppointment(db, owner, id) : null;
  }

  return createJobWorker({
    ...{ db, queue, now, run },
    onError: deps.onError,
    leaseMs: LEASE_MS,
    idleMs: IDLE_MS,
    slots: 16,
    slotsOfOwner: 8,
    batch: 16,
    async giveUp(job, reason) {
      // The others are not to be lost for one that cannot be done.
      await takeTurn(job, async (_, reminder) => ({ reminder: { ...reminder, status: 'failed', reason } }));
    },
  });
}

/** A confirmed one stays what it is; the app says what became of it. */
const isOverWith = (status: AppointmentStatus, { starts_at }: AppointmentRow, at: number) =>
  status === 'confirmed' && starts_at <= at;

const skip = (reminder: ReminderRow, reason: string): Outcome => ({
  reminder: { ...reminder, status: 'skipped', reason },
});

function eventsOf(
  row: AppointmentRow,
  outcomes: readonly Outcome[],
  status: AppointmentStatus,
  at: number,
): AuditEvent[] {
  const told = outcomes.flatMap(({ reminder }): AuditEvent[] => {
    const { rule, status: became, reason, message_id } = reminder;
    if (became === 'planned') return [];
    if (became !== 'sent') return [appointmentEvent('appointment.reminder_skipped', row, null, at, { rule, reason })];
    const event = appointmentEvent('appointment.reminded', row, null, at, { rule });
    return [message_id === null ? event : { ...event, messageId: message_id }];
  });
  return status === 'expired' ? [...told, appointmentEvent('appointment.expired', row, null, at)] : told;
}
