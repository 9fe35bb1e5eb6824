import { type Kysely, sql, type Transaction } from 'kysely';
import { filterOnly } from '../../db/filter-only.ts';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import type { Reader } from '../contacts/contacts-table.ts';
import { oneOf } from '../contacts/one-of.ts';
import type { AppointmentRow, AppointmentStatus, Owner, ReminderRow } from './appointment.ts';
import { nextDueAt } from './plan-reminders.ts';

export interface AppointmentFilter {
  status?: AppointmentStatus | undefined;
  recipientHash?: string | undefined;
  contactId?: string | undefined;
  startsFrom?: number | undefined;
  startsBefore?: number | undefined;
}

/** Where a page begins: after this one. */
export interface Place {
  startsAt: number;
  id: string;
}

export interface Appointment {
  row: AppointmentRow;
  /** Of all plans, as they came. */
  reminders: ReminderRow[];
}

export function own(db: Kysely<Schema>, { project, mode }: Owner, isOfPerson = false) {
  const owner = isOfPerson ? filterOnly('project_id') : sql.ref<string>('project_id');
  return db.selectFrom('appointments').selectAll().where(owner, '=', project).where('mode', '=', mode);
}

export async function findAppointment(db: Reader, owner: Owner, id: string): Promise<Appointment | null> {
  const row = await own(db.kysely, owner).where('id', '=', id).executeTakeFirst();
  if (!row) return null;
  const [found = null] = await withReminders(db, [row]);
  return found;
}

/** By their time, the first one first. */
export async function listAppointments(
  db: Reader,
  owner: Owner,
  { status, recipientHash, contactId, startsFrom, startsBefore }: AppointmentFilter,
  after: Place | null,
  limit: number,
): Promise<Appointment[]> {
  let query = own(db.kysely, owner, recipientHash !== undefined || contactId !== undefined);
  if (status !== undefined) query = query.where('status', '=', status);
  if (recipientHash !== undefined) query = query.where('recipient_hash', '=', recipientHash);
  if (contactId !== undefined) query = query.where('contact_id', '=', contactId);
  if (startsFrom !== undefined) query = query.where('starts_at', '>=', startsFrom);
  if (startsBefore !== undefined) query = query.where('starts_at', '<', startsBefore);
  if (after) query = query.where((eb) => eb(eb.refTuple('starts_at', 'id'), '>', eb.tuple(after.startsAt, after.id)));
  return withReminders(db, await query.orderBy('starts_at').orderBy('id').limit(limit).execute());
}

async function withReminders({ kysely, dialect }: Reader, rows: readonly AppointmentRow[]): Promise<Appointment[]> {
  if (rows.length === 0) return [];
  const reminders = await kysely
    .selectFrom('appointment_reminders')
    .selectAll()
    .where(
      oneOf(
        dialect,
        'appointment_id',
        rows.map(({ id }) => id),
      ),
    )
    .orderBy('plan')
    .orderBy('due_at')
    .orderBy('rule')
    .execute();
  const remindersOf = Map.groupBy(reminders, ({ appointment_id }) => appointment_id);
  return rows.map((row) => ({ row, reminders: remindersOf.get(row.id) ?? [] }));
}

/** Held until the transaction ends. */
export async function lockAppointment(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  owner: Owner,
  id: string,
): Promise<Appointment | null> {
  const row = await forUpdate(dialect, own(trx, owner).where('id', '=', id)).executeTakeFirst();
  if (!row) return null;
  const [found = null] = await withReminders({ kysely: trx, dialect }, [row]);
  return found;
}

/**
 * Sets when it is looked at next, in the transaction of what changed it: `now`, where messages may wait that nobody
 * should get any more. Wake the queue when that is committed.
 */
export async function scheduleLook(
  trx: Transaction<Schema>,
  queue: JobQueue,
  { row, reminders }: Appointment,
  callsOffAt: number | null = null,
): Promise<void> {
  const dueAt = callsOffAt ?? nextDueAt(row, reminders);
  const remove = queue.remove([row.id]);
  if (remove) await trx.executeQuery(remove);
  const enqueue = dueAt === null ? null : queue.enqueue([{ id: row.id, lane: 1, owner: row.project_id, dueAt }]);
  if (enqueue) await trx.executeQuery(enqueue);
}
