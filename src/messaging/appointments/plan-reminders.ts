import type { AppointmentRow, ReminderRow } from './appointment.ts';
import { dueAtOf, nameOfRule, type ReminderRule } from './reminder-rule.ts';

/** What the rules come to. Those whose time has passed already are said to have been left out. */
export function planReminders(
  appointment: Pick<AppointmentRow, 'id' | 'starts_at' | 'time_zone' | 'rules' | 'plan'>,
  now: number,
): ReminderRow[] {
  const { id, starts_at: startsAt, time_zone: timeZone, plan } = appointment;
  const rules = JSON.parse(appointment.rules) as ReminderRule[];
  const planned = rules.map((rule): ReminderRow => {
    const dueAt = dueAtOf(rule, startsAt, timeZone);
    const common = { appointment_id: id, plan, rule: nameOfRule(rule), due_at: dueAt, message_id: null };
    if (dueAt < now) return { ...common, status: 'skipped', reason: 'past' };
    // `days_before: 0` may be later than the appointment.
    if (dueAt >= startsAt) return { ...common, status: 'skipped', reason: 'too_late' };
    return { ...common, status: 'planned', reason: null };
  });
  return [...new Map(planned.map((reminder) => [reminder.rule, reminder])).values()];
}

/** When there is something to do next; null: never again. */
export function nextDueAt(
  { status, starts_at: startsAt }: Pick<AppointmentRow, 'status' | 'starts_at'>,
  reminders: readonly Pick<ReminderRow, 'status' | 'due_at'>[],
): number | null {
  if (status !== 'scheduled' && status !== 'confirmed' && status !== 'reschedule_requested') return null;
  const due = reminders.filter((reminder) => reminder.status === 'planned').map(({ due_at }) => due_at);
  // With the time an appointment that nobody confirmed ends.
  return Math.min(...due, startsAt);
}
