import type { AuditEvent } from '../../audit/event.ts';
import type { Definition, EventMatch, Scalar } from './automation.ts';

type Told = Pick<AuditEvent, 'type' | 'actor' | 'messageId' | 'verificationId' | 'data'>;

/** What a condition may name. */
export const MEMBER = /^(?:actor|message_id|verification_id|data(?:\.[a-z][a-z0-9_]{0,39}){1,3})$/;

export function matchesEvent({ event: type, where = {} }: EventMatch, event: Told): boolean {
  if (event.type !== type) return false;
  return Object.entries(where).every(([member, wanted]) => {
    const value = read(event, member);
    return Array.isArray(wanted) ? wanted.some((one) => one === value) : wanted === value;
  });
}

function read(event: Told, member: string): unknown {
  const { actor, messageId: message_id, verificationId: verification_id, data } = event;
  return readPath({ actor, message_id, verification_id, data }, member);
}

/** A member of a member; undefined where there is none. */
export function readPath(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

export function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

const REPLIED = 'message.received';
const OPTED_OUT: readonly string[] = ['recipient.opted_out', 'consent.revoked'];

export type StopReason = 'replied' | 'opted_out' | 'converted';

/** Types of events that may end a run of this version. */
export function stopTypes({ stop_on: stops = ['opt_out'], conversion }: Definition): string[] {
  return stops.flatMap((stop) => {
    if (stop === 'reply') return REPLIED;
    return stop === 'opt_out' ? OPTED_OUT : (conversion?.event ?? []);
  });
}

/** Why what the person did ends their run; null: it does not. */
export function stopReasonOf(definition: Definition, event: Told): StopReason | null {
  const { stop_on: stops = ['opt_out'], conversion } = definition;
  if (stops.includes('opt_out') && OPTED_OUT.includes(event.type)) return 'opted_out';
  if (stops.includes('conversion') && conversion && matchesEvent(conversion, event)) return 'converted';
  return stops.includes('reply') && event.type === REPLIED ? 'replied' : null;
}
