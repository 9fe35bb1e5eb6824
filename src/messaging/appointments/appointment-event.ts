import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import type { AuditEvent, EventType } from '../../audit/event.ts';
import { toTimestamp } from '../../lib/clock.ts';
import type { AppointmentRow } from './appointment.ts';

type AppointmentEventType = Extract<EventType, `appointment.${string}`>;

/** Null: the service itself. */
export function appointmentEvent(
  type: AppointmentEventType,
  row: AppointmentRow,
  actor: Actor | null,
  now: number,
  data: Readonly<Record<string, unknown>> = {},
): AuditEvent {
  const by = actor ?? { id: 'system', mode: row.mode };
  const about = { appointment_id: row.id, starts_at: toTimestamp(row.starts_at), ...data };
  return {
    ...adminEvent(type, row.project_id, by, now, about),
    recipient: { masked: row.recipient_masked, hash: row.recipient_hash },
  };
}
