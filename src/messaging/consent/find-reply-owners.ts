import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { lookUp } from '../../db/row-set.ts';
import type { InboundRow } from '../../delivery/messages/keep-inbound.ts';
import { senderKey } from './sender-key.ts';
import type { Owner } from './subject.ts';

export interface ReplyOwner extends Owner {
  /** In which the person was last written to. */
  locale: string | null;
}

/** Looked at of one person, newest first. */
const LOOKED_AT = 500;

/**
 * Whom a reply is meant for: the project it came in for; of a number that nobody owns, every project that has written to
 * this phone from it; failing that, every one that has written to this phone at all. A STOP must not get lost.
 */
export async function findReplyOwners(
  { kysely, dialect }: Pick<Database, 'kysely' | 'dialect'>,
  { project_id: project, mode, recipient }: InboundRow,
  addressHash: string,
): Promise<ReplyOwner[]> {
  const attempts = lookUp(dialect, 'message_attempts', 'a', sql`a.message_id = m.id`, 'left join');
  const { rows: sent } = await sql<{ project_id: string; locale: string | null; sender: string | null }>`
    select m.project_id, m.locale, a.sender from messages m ${attempts}
    where m.recipient_hash = ${addressHash} and m.mode = ${mode}
      ${project === null ? sql`` : sql`and m.project_id = ${project}`}
    order by m.created_at desc limit ${LOOKED_AT}
  `.execute(kysely);
  const localeOf = (of: string) => sent.find(({ project_id, locale }) => project_id === of && locale)?.locale ?? null;
  if (project !== null) return [{ project, mode, locale: localeOf(project) }];
  const by = senderKey(recipient);
  const fromIt = sent.filter(({ sender }) => sender !== null && senderKey(sender) === by);
  const projects = new Set((fromIt.length > 0 ? fromIt : sent).map(({ project_id }) => project_id));
  return [...projects].map((one) => ({ project: one, mode, locale: localeOf(one) }));
}
