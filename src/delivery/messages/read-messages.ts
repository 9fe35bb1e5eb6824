import type { Kysely } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { type AttemptRow, attemptsOf, type MessageRow, type PartRow, partsOf, type ReceiptRow } from './load.ts';
import type { MessageStatus } from './message.ts';

/** A message with everything that happened to it. */
export interface MessageStory {
  message: MessageRow;
  attempts: AttemptRow[];
  parts: PartRow[];
  receipts: ReceiptRow[];
}

interface Whose {
  project: string;
  mode: 'live' | 'test';
}

const MAX_RECEIPTS = 200;

/** Null for another project's or mode's message, as for an unknown one. */
export async function readMessage(
  db: Database,
  { id, project, mode }: Whose & { id: string },
): Promise<MessageStory | null> {
  const { kysely } = db;
  const [message, attempts, parts, receipts] = await Promise.all([
    kysely
      .selectFrom('messages')
      .selectAll()
      .where('id', '=', id)
      .where('project_id', '=', project)
      .where('mode', '=', mode)
      .executeTakeFirst(),
    attemptsOf(db, [id]),
    partsOf(db, [id]),
    kysely
      .selectFrom('receipts')
      .selectAll()
      .where('message_id', '=', id)
      .orderBy('received_at')
      .limit(MAX_RECEIPTS)
      .execute(),
  ]);
  return message ? { message, attempts, parts, receipts } : null;
}

export interface MessageFilter extends Whose {
  recipientHash?: string | undefined;
  status?: MessageStatus | undefined;
  verificationId?: string | undefined;
  /** Only what comes after this one in the list. */
  cursor?: { createdAt: number; id: string } | undefined;
  limit: number;
}

/** Newest first. */
export function listMessages(kysely: Kysely<Schema>, filter: MessageFilter): Promise<MessageRow[]> {
  const { project, mode, recipientHash, status, verificationId, cursor, limit } = filter;
  let query = kysely.selectFrom('messages').selectAll().where('project_id', '=', project).where('mode', '=', mode);
  if (recipientHash !== undefined) query = query.where('recipient_hash', '=', recipientHash);
  if (status !== undefined) query = query.where('status', '=', status);
  if (verificationId !== undefined) query = query.where('verification_id', '=', verificationId);
  if (cursor) {
    query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(cursor.createdAt, cursor.id)));
  }
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}
