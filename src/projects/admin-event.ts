import type { AuditEvent, EventType, Mode } from '../audit/event.ts';
import type { Auth } from '../lib/auth.ts';
import { newId } from '../lib/ids.ts';

/** Who administers: an API key, or `system` at the command line and at first start. */
export interface Actor {
  id: string;
  mode: Mode;
}

/** An event about a project or its keys. Its mode is the actor's: what was done with a live key is live. */
export function adminEvent(
  type: EventType,
  project: string,
  actor: Actor,
  now: number,
  data: Record<string, unknown>,
): AuditEvent {
  return { id: newId('evt'), type, at: now, project, mode: actor.mode, actor: actor.id, data };
}

export function actorOf({ auth }: { auth: Auth }): Actor {
  return { id: auth.keyId, mode: auth.mode };
}
