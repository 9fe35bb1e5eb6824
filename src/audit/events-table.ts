import type { Selectable } from 'kysely';
import type { EventTable } from '../db/schema.ts';
import type { AuditEvent, EventType } from './event.ts';

/** What a new event fills, by the types that row sets know. */
export const EVENT_COLUMNS = {
  id: 'text',
  type: 'text',
  project_id: 'text',
  mode: 'text',
  actor: 'text',
  verification_id: 'text',
  message_id: 'text',
  recipient_masked: 'text',
  recipient_hash: 'text',
  client: 'text',
  data: 'text',
  sequence: 'bigint',
  created_at: 'bigint',
} as const satisfies Record<keyof Omit<EventTable, 'position'>, 'text' | 'bigint'>;

export type EventRow = Omit<Selectable<EventTable>, 'position'>;

export function toEventRow(event: AuditEvent): EventRow {
  return {
    id: event.id,
    type: event.type,
    project_id: event.project,
    mode: event.mode,
    actor: event.actor,
    verification_id: event.verificationId ?? null,
    message_id: event.messageId ?? null,
    recipient_masked: event.recipient?.masked ?? null,
    recipient_hash: event.recipient?.hash ?? null,
    client: event.client ? JSON.stringify(event.client) : null,
    data: JSON.stringify(event.data),
    sequence: event.sequence ?? null,
    created_at: event.at,
  };
}

export function fromEventRow(row: Selectable<EventTable>): AuditEvent {
  return {
    id: row.id,
    type: row.type as EventType,
    at: row.created_at,
    project: row.project_id,
    mode: row.mode,
    actor: row.actor,
    ...(row.verification_id !== null && { verificationId: row.verification_id }),
    ...(row.message_id !== null && { messageId: row.message_id }),
    ...(row.recipient_masked !== null &&
      row.recipient_hash !== null && { recipient: { masked: row.recipient_masked, hash: row.recipient_hash } }),
    ...(row.client !== null && { client: JSON.parse(row.client) }),
    data: JSON.parse(row.data),
    ...(row.sequence !== null && { sequence: row.sequence }),
  };
}
