import type { Auth } from '../lib/auth.ts';
import { newId } from '../lib/ids.ts';
import type { AuditEvent, ClientInfo, EventType, Mode } from './event.ts';
import { originOf, type RequestOrigin } from './request-origin.ts';

/** Who administers and from where: an API key, or `system` at the command line and at start. */
export interface Actor {
  id: string;
  mode: Mode;
  client?: ClientInfo;
  /** Finds the request in the service's own log, and in the answer that its caller got. */
  requestId?: string;
}

/** Whoever holds the database, or the process. */
export const SYSTEM: Actor = { id: 'system', mode: 'live' };

export function actorOf(request: RequestOrigin & { auth: Auth }): Actor {
  const { auth, id } = request;
  return { id: auth.keyId, mode: auth.mode, client: originOf(request), requestId: id };
}

/** An administrative act. Its mode is the actor's: what was done with a live key is live. */
export function adminEvent(
  type: EventType,
  project: string,
  { id: actor, mode, client, requestId }: Actor,
  now: number,
  data: Record<string, unknown>,
): AuditEvent {
  return {
    id: newId('evt'),
    type,
    at: now,
    project,
    mode,
    actor,
    ...(client && { client }),
    data: { ...data, ...(requestId !== undefined && { request_id: requestId }) },
  };
}
