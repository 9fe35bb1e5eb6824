import type { Kysely } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { readContent } from '../../delivery/messages/content.ts';
import type { Place } from '../contacts/contacts-table.ts';
import type { ConversationRow } from './conversations-table.ts';

/** What was said, by either side. */
export interface ThreadEntry {
  id: string;
  direction: 'in' | 'out';
  at: number;
  text: string | null;
  /** Of ours: what became of it. Of theirs: null. */
  status: string | null;
  /** Who wrote for us, as the app names its agents; null: the service, or an app. */
  author: string | null;
}

/** Newest first. What campaigns, reminders and rules said by the same number belongs to it, and no codes. */
export async function readThread(
  db: Kysely<Schema>,
  conversation: ConversationRow,
  before: Place | null,
  limit: number,
): Promise<ThreadEntry[]> {
  const [theirs, ours] = [
    await readTheirs(db, conversation, before, limit),
    await readOurs(db, conversation, before, limit),
  ];
  return [...theirs, ...ours].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).slice(0, limit);
}

async function readTheirs(
  db: Kysely<Schema>,
  { id: conversation }: ConversationRow,
  before: Place | null,
  limit: number,
): Promise<ThreadEntry[]> {
  let query = db
    .selectFrom('inbound_messages')
    .select(['id', 'received_at as at', 'text'])
    .where('conversation_id', '=', conversation);
  if (before) query = query.where((eb) => eb(eb.refTuple('received_at', 'id'), '<', eb.tuple(before.at, before.id)));
  const rows = await query.orderBy('received_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return rows.map((row) => ({ ...row, direction: 'in', status: null, author: null }));
}

async function readOurs(
  db: Kysely<Schema>,
  { project_id, mode, channel, address_hash, number, number_key: key }: ConversationRow,
  before: Place | null,
  limit: number,
): Promise<ThreadEntry[]> {
  const senders = [...new Set([number, key, `+${key}`])];
  let query = db
    .selectFrom('messages')
    .select(['id', 'created_at as at', 'content', 'status', 'metadata'])
    .where('recipient_hash', '=', address_hash)
    .where('project_id', '=', project_id)
    .where('mode', '=', mode)
    .where('channel', '=', channel)
    .where('purpose', '<>', 'code')
    .where(({ or, eb, exists, selectFrom }) =>
      or([
        eb('messages.sender', 'in', senders),
        exists(
          selectFrom('message_attempts')
            .select('number')
            .whereRef('message_id', '=', 'messages.id')
            .where('message_attempts.sender', 'in', senders),
        ),
      ]),
    );
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return rows.map(({ id, at, content, status, metadata }) => ({
    ...{ id, direction: 'out', at, status },
    text: content === null ? null : readContent(content).text || null,
    author: metadata === null ? null : (JSON.parse(metadata)[AUTHOR] ?? null),
  }));
}

/** Of the metadata of a reply. */
export const AUTHOR = 'author';
