import type { EventType } from '../../audit/event.ts';
import { type AppointmentStatus, OPEN } from './appointment.ts';

/** What an app does about an appointment; people answer, see `ANSWERED`. */
export const ACTS = ['confirm', 'cancel', 'complete', 'miss'] as const;
export type Act = (typeof ACTS)[number];

export const ACTED = {
  confirm: 'confirmed',
  cancel: 'canceled',
  complete: 'completed',
  miss: 'missed',
} as const satisfies Record<Act, AppointmentStatus>;

const FROM: Readonly<Record<Act, readonly AppointmentStatus[]>> = {
  confirm: OPEN,
  cancel: OPEN,
  // People come to what they did not confirm, and apps mend what they said before.
  complete: [...OPEN, 'expired', 'missed'],
  miss: [...OPEN, 'expired', 'completed'],
};

/** Null: it is so already. `refused`: not any more. */
export function actOn(status: AppointmentStatus, act: Act): (typeof ACTED)[Act] | null | 'refused' {
  const to = ACTED[act];
  if (status === to) return null;
  return FROM[act].includes(status) ? to : 'refused';
}

export const EVENT_OF = {
  confirmed: 'appointment.confirmed',
  canceled: 'appointment.canceled',
  reschedule_requested: 'appointment.reschedule_requested',
  completed: 'appointment.completed',
  missed: 'appointment.missed',
  expired: 'appointment.expired',
} as const satisfies Record<Exclude<AppointmentStatus, 'scheduled'>, EventType>;
