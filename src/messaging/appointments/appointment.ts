/**
 * Words used in this folder.
 *
 * appointment  a time at which a person is expected; reminds them by messages and takes their answers
 * rule         when a reminder is due, as seen from the time
 * reminder     what a rule comes to for one time; becomes one message, or does not, with the reason
 * plan         the reminders of one time; a time that moves begins another
 * answer       what the person replies: confirm, cancel, reschedule
 */
import type { Selectable } from 'kysely';
import type { AppointmentReminderTable, AppointmentTable } from '../../db/schema/appointments.ts';
import type { MessageInput } from '../../delivery/messages/create.ts';
import type { Mode } from '../../lib/mode.ts';

export type AppointmentRow = Selectable<AppointmentTable>;
export type ReminderRow = Selectable<AppointmentReminderTable>;

export interface Owner {
  project: string;
  mode: Mode;
}

export const APPOINTMENT_ID = '^apt_[0-9a-hjkmnp-tv-z]{26}$';

export const STATUSES = [
  'scheduled',
  'confirmed',
  /** The person asked for another time; the app says which. */
  'reschedule_requested',
  'canceled',
  'completed',
  'missed',
  /** Its time passed and nobody had confirmed. */
  'expired',
] as const;
export type AppointmentStatus = (typeof STATUSES)[number];

/** It may still take place, and be answered. */
export const OPEN: readonly AppointmentStatus[] = ['scheduled', 'confirmed', 'reschedule_requested'];

export const ANSWERS = ['confirm', 'cancel', 'reschedule'] as const;
export type Answer = (typeof ANSWERS)[number];

export const ANSWERED = {
  confirm: 'confirmed',
  cancel: 'canceled',
  reschedule: 'reschedule_requested',
} as const satisfies Record<Answer, AppointmentStatus>;

/** What reminders say. */
export type AppointmentWords = Pick<
  MessageInput,
  'text' | 'subject' | 'template' | 'template_version' | 'variables' | 'shorten_links'
>;

export const readWords = ({ content }: AppointmentRow) => JSON.parse(content) as AppointmentWords;

export const ownerOfRow = ({ project_id: project, mode }: AppointmentRow): Owner => ({ project, mode });
