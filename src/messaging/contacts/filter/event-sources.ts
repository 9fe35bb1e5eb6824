import { type RawBuilder, sql } from 'kysely';
import type { Owner } from '../contact.ts';

/** Where it is kept what a contact did and got. */
interface EventSource {
  /**
   * The times (ms) at which it happened to the contact of the row at hand, `contacts.id`, one row each: from `since`,
   * before `until`.
   */
  select(owner: Owner, since: number, until: number): RawBuilder<unknown>;
}

const messagesTo = (owner: Owner, since: number, until: number, only: RawBuilder<unknown>) => sql`
  select m.created_at as at from contact_addresses a
  join messages m on m.recipient_hash = a.address_hash and m.project_id = a.project_id and m.mode = a.mode
  where a.contact_id = contacts.id and m.project_id = ${owner.project} and m.mode = ${owner.mode}
    and m.purpose <> 'code' and m.created_at >= ${since} and m.created_at < ${until} and ${only}`;

const SOURCES: Record<string, EventSource> = {
  /** A message was taken for them. */
  messaged: { select: (owner, since, until) => messagesTo(owner, since, until, sql`true`) },
  delivered: {
    select: (owner, since, until) => messagesTo(owner, since, until, sql`m.status in ('delivered', 'read')`),
  },
  read: { select: (owner, since, until) => messagesTo(owner, since, until, sql`m.status = 'read'`) },
  failed: {
    select: (owner, since, until) =>
      messagesTo(owner, since, until, sql`m.status in ('undelivered', 'failed', 'expired')`),
  },
  replied: {
    select: ({ project, mode }, since, until) => sql`
      select i.received_at as at from contact_addresses a
      join inbound_messages i on i.sender_hash = a.address_hash
      where a.contact_id = contacts.id and i.project_id = ${project} and i.mode = ${mode}
        and i.received_at >= ${since} and i.received_at < ${until}`,
  },
  /** A link in a message to them was followed, by a person as far as can be told. */
  clicked: {
    select: ({ project, mode }, since, until) => sql`
      select l.last_click_at as at from contact_addresses a
      join links l on l.recipient_hash = a.address_hash
      where a.contact_id = contacts.id and l.project_id = ${project} and l.mode = ${mode}
        and l.first_click_at is not null and l.last_click_at >= ${since} and l.last_click_at < ${until}`,
  },
  /** The app said so of a campaign: `POST /v1/campaigns/{id}/conversions`. */
  converted: {
    select: (_owner, since, until) => sql`
      select c.at from campaign_conversions c
      where c.contact_id = contacts.id and c.at >= ${since} and c.at < ${until}`,
  },
};

export const EVENT_NAMES: readonly string[] = Object.keys(SOURCES);

/** Whether it happened so often. */
export function happened(
  event: string,
  owner: Owner,
  { since, until, atLeast }: { since: number; until: number; atLeast: number },
): RawBuilder<unknown> {
  const source = SOURCES[event];
  if (!source) return sql`false`;
  const times = source.select(owner, since, until);
  if (atLeast === 1) return sql`exists (${times})`;
  return sql`(select count(*) from (${times} limit ${atLeast}) as times) >= ${atLeast}`;
}
