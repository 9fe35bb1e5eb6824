import type { Kysely } from 'kysely';
import type { Schema } from '../../db/schema.ts';
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
  db: Kysely<Schema>,
  { project_id: project, mode, recipient }: InboundRow,
  addressHash: string,
): Promise<ReplyOwner[]> {
  let query = db
    .selectFrom('messages')
    .leftJoin('message_attempts', 'message_attempts.message_id', 'messages.id')
    .select(['messages.project_id', 'messages.locale', 'message_attempts.sender'])
    .where('messages.recipient_hash', '=', addressHash)
    .where('messages.mode', '=', mode);
  if (project !== null) query = query.where('messages.project_id', '=', project);
  const sent = await query.orderBy('messages.created_at', 'desc').limit(LOOKED_AT).execute();
  const localeOf = (of: string) => sent.find(({ project_id, locale }) => project_id === of && locale)?.locale ?? null;
  if (project !== null) return [{ project, mode, locale: localeOf(project) }];
  const by = senderKey(recipient);
  const fromIt = sent.filter(({ sender }) => sender !== null && senderKey(sender) === by);
  const projects = new Set((fromIt.length > 0 ? fromIt : sent).map(({ project_id }) => project_id));
  return [...projects].map((one) => ({ project: one, mode, locale: localeOf(one) }));
}
