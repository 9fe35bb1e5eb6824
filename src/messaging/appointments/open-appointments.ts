import type { Database } from '../../db/open.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import type { JobWorker } from '../../jobs/worker.ts';
import type { Channel } from '../../lib/channels.ts';
import { isTimeZone } from '../contacts/time-zone.ts';
import type { InboundHandler } from '../inbound/inbound.ts';
import { nextAllowedAt } from '../windows/next-allowed-at.ts';
import { type Places, placesOf } from '../windows/place.ts';
import { readSendingRules } from '../windows/sending-rules.ts';
import { type AppointmentRow, ownerOfRow } from './appointment.ts';
import { createAppointmentQueue } from './appointment-queue.ts';
import { createCallOff } from './call-off.ts';
import { createReminderWorker, type RemindDeps } from './remind.ts';
import { createAnswerTaker } from './take-answer.ts';

export interface Appointments {
  queue: JobQueue;
  worker: JobWorker;
  answers: InboundHandler;
}

export interface AppointmentsDeps extends Omit<RemindDeps, 'queue' | 'allowedAt' | 'callOff'> {
  outgoing: JobQueue;
}

export function openAppointments(deps: AppointmentsDeps): Appointments {
  const { db, outgoing } = deps;
  const queue = createAppointmentQueue(db);

  async function allowedAt(row: AppointmentRow, now: number): Promise<number> {
    const { timeZone, windows } = await readSendingRules(db.kysely, ownerOfRow(row));
    const rules = { timeZone, layers: [windows] };
    const places = await findPlaces(db, row);
    const at = nextAllowedAt({ places, channel: row.channel as Channel, purpose: 'transactional', now, rules });
    return at ?? Infinity;
  }

  const worker = createReminderWorker({ ...deps, queue, allowedAt, callOff: createCallOff(db, outgoing) });
  return { queue, worker, answers: createAnswerTaker(db, queue) };
}

/** Where the contact is, as far as that is known; else where the appointment is. */
async function findPlaces({ kysely }: Database, row: AppointmentRow): Promise<Places> {
  const { country, recipient, time_zone: timeZone, contact_id: contactId } = row;
  const contact =
    contactId === null
      ? undefined
      : await kysely
          .selectFrom('contacts')
          .select(['country', 'time_zone', 'time_zone_source'])
          .where('id', '=', contactId)
          .executeTakeFirst();
  const number = contact && recipient.startsWith('+') ? { e164: recipient, country } : null;
  const places = placesOf(contact ?? { country, time_zone: null, time_zone_source: null }, number);
  const [said, ...others] = places;
  return said.timeZone === null && isTimeZone(timeZone) ? [{ ...said, timeZone }, ...others] : places;
}
