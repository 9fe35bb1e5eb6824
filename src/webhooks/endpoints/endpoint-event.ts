import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import type { AuditEvent, EventType } from '../../audit/event.ts';
import type { EndpointRow } from './endpoint.ts';

/** What was done to an endpoint, and by whom. */
export function endpointEvent(
  type: EventType,
  { id, project_id }: Pick<EndpointRow, 'id' | 'project_id'>,
  actor: Actor,
  now: number,
  data: Record<string, unknown> = {},
): AuditEvent {
  return adminEvent(type, project_id, actor, now, { endpoint_id: id, ...data });
}

/** The rest of a URL may be what keeps strangers from calling it. */
export function originOfUrl(url: string): string {
  return new URL(url).origin;
}
