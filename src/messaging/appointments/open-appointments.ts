import type { Database } from '../../db/open.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import type { JobWorker } from '../../jobs/worker.ts';
import type { Channel } from '../../lib/channels.ts';
import { isTimeZone } from '../contacts/time-zone.ts';
import type { InboundHandler } from '../inbound/inbound.ts';
import { inferState } from '../windows/nanp-states.ts';
import { nextAllowedAt } from '../windows/next-allowed-at.ts';
import { type Place, placeOf } from '../windows/place.ts';
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
    const place = await findPlace(db, row);
    const at = nextAllowedAt({ ...place, channel: row.channel as Channel, purpose: 'transactional', now, rules });
    return at ?? Infinity;
  }

  const worker = createReminderWorker({ ...deps, queue, allowedAt, callOff: createCallOff(db, outgoing) });
  return { queue, worker, answers: createAnswerTaker(db, queue) };
}

/** Where the contact is, as far as that is known; else where the appointment is. */
async function findPlace({ kysely }: Database, row: AppointmentRow): Promise<Place> {
  const { country, recipient, time_zone: timeZone, contact_id: contactId } = row;
  const contact =
    contactId === null
      ? undefined
      : await kysely
          .selectFrom('contacts')
          .select(['country', 'time_zone', 'time_zone_source'])
          .where('id', '=', contactId)
          .executeTakeFirst();
  const e164 = recipient.startsWith('+') ? recipient : null;
  const there = contact
    ? placeOf(contact, e164)
    : { country, region: country === 'US' ? inferState(e164) : null, timeZone: null };
  return there.timeZone === null && isTimeZone(timeZone) ? { ...there, timeZone } : there;
}
