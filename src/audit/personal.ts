import type { Static } from 'typebox';
import type { EventSchema } from './event-view.ts';

export type EventView = Static<typeof EventSchema>;

/** What of an event is about a person. Erasure takes it away; the log holds only a commitment to it. */
export interface PersonalPart {
  recipient?: EventView['recipient'];
  client?: EventView['client'];
  data?: Record<string, unknown>;
}

/**
 * Members of `data` that are about a person. The list is part of the log's format: leaves were sealed by it, so it
 * cannot be changed for events that have been. Events that tell something personal use one of these names.
 */
export const PERSONAL_DATA: ReadonlySet<string> = new Set([
  'address',
  'body',
  'email',
  'from',
  'ip',
  'metadata',
  'recipient',
  'subject',
  'text',
  'to',
  'user_agent',
  'variables',
]);

/** The event without what is personal, and that; null when nothing of it is. */
export function splitPersonal(event: EventView): { open: object; personal: PersonalPart | null } {
  const { recipient, client, data, ...rest } = event;
  const entries = Object.entries(data);
  const about = entries.filter(([name]) => PERSONAL_DATA.has(name));
  const others = about.length === 0 ? data : Object.fromEntries(entries.filter(([name]) => !PERSONAL_DATA.has(name)));
  const personal: PersonalPart = {
    ...(recipient && { recipient }),
    ...(client && { client }),
    ...(about.length > 0 && { data: Object.fromEntries(about) }),
  };
  return { open: { ...rest, data: others }, personal: Object.keys(personal).length > 0 ? personal : null };
}
