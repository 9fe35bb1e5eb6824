import type { Transaction } from 'kysely';
import type { Actor } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import type { FieldError } from '../../lib/errors.ts';
import {
  type AppointmentRow,
  type AppointmentStatus,
  OPEN,
  type Owner,
  ownerOfRow,
  type ReminderRow,
} from './appointment.ts';
import { appointmentEvent } from './appointment-event.ts';
import { type Appointment, findAppointment, lockAppointment, scheduleLook } from './appointments-table.ts';
import { planReminders } from './plan-reminders.ts';
import type { Read } from './read-words.ts';
import { type Act, actOn, EVENT_OF } from './transitions.ts';

export interface ChangeDeps {
  db: Database;
  queue: JobQueue;
}

/** Which, and by whom. */
export interface Target {
  owner: Owner;
  id: string;
  actor: Actor;
}

export type Changed =
  | { kind: 'changed'; appointment: Appointment }
  | { kind: 'not_found' }
  /** Not any more. */
  | { kind: 'refused'; status: AppointmentStatus }
  | { kind: 'invalid'; errors: FieldError[] };

/** Answers with what is there: a rerun finds what the first run made. */
export async function createAppointment(
  { db, queue }: ChangeDeps,
  row: AppointmentRow,
  actor: Actor,
): Promise<Appointment> {
  const reminders = planReminders(row, row.created_at);
  await writeTransaction(db, {}, async (trx) => {
    const made = await trx
      .insertInto('appointments')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .execute();
    if (made.length === 0) return;
    await insertReminders(trx, reminders);
    await insertEvents(trx, [appointmentEvent('appointment.created', row, actor, row.created_at)]);
    await scheduleLook(trx, queue, { row, reminders });
  });
  queue.wake();
  return (await findAppointment(db, ownerOfRow(row), row.id)) ?? { row, reminders };
}

/**
 * An appointment that moves is another one to the person: it is to be confirmed anew, and all its reminders come again.
 * Otherwise those that went out are not repeated.
 */
export async function updateAppointment(
  { db, queue }: ChangeDeps,
  { owner, id, actor }: Target,
  change: (row: AppointmentRow) => Read<Partial<AppointmentRow>>,
  now: number,
): Promise<Changed> {
  const result = await writeTransaction(db, {}, async (trx): Promise<Changed> => {
    const found = await lockAppointment(trx, db.dialect, owner, id);
    if (!found) return { kind: 'not_found' };
    const before = found.row;
    const read = change(before);
    if (read.kind === 'invalid') return read;
    const patch = read.value;
    const moves = patch.starts_at !== undefined && patch.starts_at !== before.starts_at;
    if (!OPEN.includes(before.status) && !(before.status === 'expired' && moves)) {
      return { kind: 'refused', status: before.status };
    }
    const row: AppointmentRow = { ...before, ...patch, updated_at: now };
    row.revision = before.revision + 1;
    if (moves) Object.assign(row, { plan: before.plan + 1, status: 'scheduled', answered_at: null });
    const past = found.reminders.filter(({ status }) => status !== 'planned');
    const done = new Set(past.filter(({ plan }) => plan === row.plan).map(({ rule }) => rule));
    const added = planReminders(row, now).filter(({ rule }) => !done.has(rule));
    await trx.updateTable('appointments').set(row).where('id', '=', id).execute();
    await trx
      .deleteFrom('appointment_reminders')
      .where('appointment_id', '=', id)
      .where('status', '=', 'planned')
      .execute();
    await insertReminders(trx, added);
    const changed = { row, reminders: [...past, ...added] };
    await scheduleLook(trx, queue, changed, moves && hasSent(past) ? now : null);
    const type = moves ? 'appointment.rescheduled' : 'appointment.updated';
    await insertEvents(trx, [appointmentEvent(type, row, actor, now)]);
    return { kind: 'changed', appointment: changed };
  });
  if (result.kind === 'changed') queue.wake();
  return result;
}

/** What the app says of it. Said again, it changes nothing. */
export async function applyAct(
  { db, queue }: ChangeDeps,
  { owner, id, actor }: Target,
  act: Act,
  now: number,
): Promise<Changed> {
  const result = await writeTransaction(db, {}, async (trx): Promise<Changed> => {
    const found = await lockAppointment(trx, db.dialect, owner, id);
    if (!found) return { kind: 'not_found' };
    const status = actOn(found.row.status, act);
    if (status === 'refused') return { kind: 'refused', status: found.row.status };
    if (status === null) return { kind: 'changed', appointment: found };
    const appointment = await setStatus(trx, queue, found, status, now);
    await insertEvents(trx, [appointmentEvent(EVENT_OF[status], appointment.row, actor, now, { by: 'api' })]);
    return { kind: 'changed', appointment };
  });
  if (result.kind === 'changed') queue.wake();
  return result;
}

/** With what follows for its reminders; the event is the caller's. */
export async function setStatus(
  trx: Transaction<Schema>,
  queue: JobQueue,
  { row: before, reminders }: Appointment,
  status: AppointmentStatus,
  now: number,
  answeredAt: number | null = before.answered_at,
): Promise<Appointment> {
  const change = { status, revision: before.revision + 1, answered_at: answeredAt, updated_at: now };
  const row: AppointmentRow = { ...before, ...change };
  await trx.updateTable('appointments').set(change).where('id', '=', row.id).execute();
  if (OPEN.includes(status)) return { row, reminders };
  await trx
    .deleteFrom('appointment_reminders')
    .where('appointment_id', '=', row.id)
    .where('status', '=', 'planned')
    .execute();
  const changed = { row, reminders: reminders.filter((reminder) => reminder.status !== 'planned') };
  await scheduleLook(trx, queue, changed, hasSent(reminders) ? now : null);
  return changed;
}

const hasSent = (reminders: readonly ReminderRow[]) => reminders.some(({ status }) => status === 'sent');

async function insertReminders(trx: Transaction<Schema>, reminders: readonly ReminderRow[]): Promise<void> {
  if (reminders.length > 0)
    await trx
      .insertInto('appointment_reminders')
      .values([...reminders])
      .execute();
}
