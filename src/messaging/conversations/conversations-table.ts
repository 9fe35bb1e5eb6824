import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { filterOnly } from '../../db/filter-only.ts';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { ConversationTable } from '../../db/schema/inbound.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Owner } from '../consent/subject.ts';
import type { By } from '../contacts/change-contacts.ts';
import type { Place } from '../contacts/contacts-table.ts';

export type ConversationRow = Selectable<ConversationTable>;

/** Read at once; the rest follows. */
export const CHANGES = 500;
/** As their index says it. */
const IS_UNREAD = sql<boolean>`(unread > 0)`;

export interface ConversationFilter {
  status?: ConversationRow['status'] | undefined;
  assignee?: string | undefined;
  unassigned?: boolean | undefined;
  unread?: boolean | undefined;
  channel?: string | undefined;
  addressHash?: string | undefined;
}

export interface ConversationChange {
  status?: ConversationRow['status'];
  assignee?: string | null;
  /** False: somebody has read all of it. */
  unread?: false;
}

export function findConversation(db: Kysely<Schema>, owner: Owner, id: string): Promise<ConversationRow | undefined> {
  return ownConversations(db, owner).where('id', '=', id).executeTakeFirst();
}

export function listConversations(
  db: Kysely<Schema>,
  owner: Owner,
  filter: ConversationFilter,
  before: Place | null,
  limit: number,
): Promise<ConversationRow[]> {
  const { status, assignee, unassigned, unread, channel, addressHash } = filter;
  let query = ownConversations(db, owner, addressHash !== undefined);
  if (status !== undefined) query = query.where('status', '=', status);
  if (assignee !== undefined) query = query.where('assignee', '=', assignee);
  if (unassigned !== undefined) query = query.where('assignee', unassigned ? 'is' : 'is not', null);
  if (unread !== undefined) query = query.where(IS_UNREAD, '=', sql.lit(unread));
  if (channel !== undefined) query = query.where('channel', '=', channel);
  if (addressHash !== undefined) query = query.where('address_hash', '=', addressHash);
  if (before) query = query.where((eb) => eb(eb.refTuple('last_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('last_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

/** The next that changed after one, in the order in which they did. */
export function changedAfter(db: Kysely<Schema>, owner: Owner, { at, id }: Place): Promise<ConversationRow[]> {
  return ownConversations(db, owner)
    .where((eb) => eb(eb.refTuple('updated_at', 'id'), '>', eb.tuple(at, id)))
    .orderBy('updated_at')
    .orderBy('id')
    .limit(CHANGES)
    .execute();
}

export async function countUnread(
  db: Kysely<Schema>,
  { project, mode }: Owner,
): Promise<{ conversations: number; messages: number }> {
  const { conversations, messages } = await db
    .selectFrom('conversations')
    .select((eb) => [eb.fn.countAll<number>().as('conversations'), eb.fn.sum<number | null>('unread').as('messages')])
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where(IS_UNREAD, '=', sql.lit(true))
    .executeTakeFirstOrThrow();
  return { conversations: Number(conversations), messages: Number(messages ?? 0) };
}

export function changeConversation(
  db: Database,
  { owner, actor }: By,
  id: string,
  { unread, ...given }: ConversationChange,
  now: number,
): Promise<ConversationRow | null> {
  return writeTransaction(db, {}, async (trx) => {
    const own = ownConversations(trx, owner).where('id', '=', id);
    const row = await forUpdate(db.dialect, own).executeTakeFirst();
    if (!row) return null;
    const changes = { ...given, ...(unread === false && { unread: 0 }) };
    const after = { ...row, ...changes, updated_at: later(row, now) };
    await trx
      .updateTable('conversations')
      .set({ ...changes, updated_at: after.updated_at })
      .where('id', '=', id)
      .execute();
    const data = { conversation_id: id, ...given };
    // Reading is no administrative act.
    if (Object.keys(given).length > 0) {
      await insertEvents(trx, [adminEvent('conversation.updated', owner.project, actor, now, data)]);
    }
    return after;
  });
}

/** We wrote: it has been read. */
export async function noteReply({ kysely }: Database, { id }: ConversationRow, now: number): Promise<void> {
  await kysely
    .updateTable('conversations')
    .set((eb) => ({
      ...{ unread: 0, last_at: now },
      updated_at: eb
        .case()
        .when('updated_at', '<', now)
        .then(now)
        .else(eb('updated_at', '+', 1))
        .end(),
    }))
    .where('id', '=', id)
    .execute();
}

/** So that whoever has seen it sees that it changed. */
export const later = ({ updated_at }: Pick<ConversationRow, 'updated_at'>, now: number) =>
  Math.max(now, updated_at + 1);

export function ownConversations(
  db: Kysely<Schema> | Transaction<Schema>,
  { project, mode }: Owner,
  isOfPerson = false,
) {
  const owner = isOfPerson ? filterOnly('project_id') : sql.ref<string>('project_id');
  return db.selectFrom('conversations').selectAll().where(owner, '=', project).where('mode', '=', mode);
}
