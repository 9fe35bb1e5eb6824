import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { keysStatement, lookUp, rowSet } from '../../db/row-set.ts';
import type { MessageAttemptTable, MessagePartTable, MessageTable, ReceiptTable } from '../../db/schema.ts';
import { createBatcher } from '../../lib/batch.ts';

export type MessageRow = Selectable<MessageTable>;
export type AttemptRow = Selectable<MessageAttemptTable>;
export type PartRow = Selectable<MessagePartTable>;
export type ReceiptRow = Selectable<ReceiptTable>;

/** A message with its tries, the first one first. */
export interface LoadedMessage {
  message: MessageRow;
  attempts: AttemptRow[];
}

const BATCH = 200;

/** Messages that are asked for at once are read at once. */
export function createMessageLoader(db: Database): (id: string) => Promise<LoadedMessage | null> {
  const select = keysStatement(db, 'id', (found) => sql<MessageRow>`select * from messages where ${found}`);
  return createBatcher(async (ids: string[]) => {
    const query = select(ids);
    const messages = query ? (await db.kysely.executeQuery(query)).rows : [];
    const begun = messages.filter(({ attempts }) => attempts > 0).map(({ id }) => id);
    const attempts = begun.length > 0 ? await attemptsOf(db, begun) : [];
    const byId = new Map(messages.map((message) => [message.id, message]));
    const tries = Map.groupBy(attempts, ({ message_id }) => message_id);
    return ids.map((id) => {
      const message = byId.get(id);
      return message ? { message, attempts: tries.get(id) ?? [] } : null;
    });
  }, BATCH);
}

export async function attemptsOf(db: Database, ids: readonly string[]): Promise<AttemptRow[]> {
  return (await selectAttempts(db, ids).execute(db.kysely)).rows;
}

export async function partsOf(db: Database, ids: readonly string[]): Promise<PartRow[]> {
  return (await selectParts(db, ids).execute(db.kysely)).rows;
}

export function selectAttempts({ dialect }: Database, ids: readonly string[]): RawBuilder<AttemptRow> {
  return sql`select a.* from ${idSet(dialect, ids)} ${lookUp(dialect, 'message_attempts', 'a', sql`a.message_id = r.id`)}
    order by a.message_id, a.number`;
}

export function selectParts({ dialect }: Database, ids: readonly string[]): RawBuilder<PartRow> {
  return sql`select p.* from ${idSet(dialect, ids)} ${lookUp(dialect, 'message_parts', 'p', sql`p.message_id = r.id`)}
    order by p.message_id, p.attempt, p.part`;
}

function idSet(dialect: Database['dialect'], ids: readonly string[]): RawBuilder<unknown> {
  const rows = ids.map((id) => ({ id }));
  return rowSet(dialect, { id: 'text' }, rows);
}
