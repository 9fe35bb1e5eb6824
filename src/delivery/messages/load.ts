import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { MessageAttemptTable, MessagePartTable, MessageTable, ReceiptTable, Schema } from '../../db/schema.ts';
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
export function createMessageLoader({ kysely }: Database): (id: string) => Promise<LoadedMessage | null> {
  return createBatcher(async (ids: string[]) => {
    const messages = await kysely.selectFrom('messages').selectAll().where('id', 'in', ids).execute();
    const begun = messages.filter(({ attempts }) => attempts > 0).map(({ id }) => id);
    const attempts = begun.length > 0 ? await attemptsOf(kysely, begun) : [];
    const byId = new Map(messages.map((message) => [message.id, message]));
    const tries = Map.groupBy(attempts, ({ message_id }) => message_id);
    return ids.map((id) => {
      const message = byId.get(id);
      return message ? { message, attempts: tries.get(id) ?? [] } : null;
    });
  }, BATCH);
}

export function attemptsOf(kysely: Kysely<Schema>, ids: readonly string[]): Promise<AttemptRow[]> {
  return selectAttempts(kysely, ids).execute();
}

export function selectAttempts(kysely: Kysely<Schema>, ids: readonly string[]) {
  return kysely
    .selectFrom('message_attempts')
    .selectAll()
    .where('message_id', 'in', [...ids])
    .orderBy('message_id')
    .orderBy('number');
}

export function selectParts(kysely: Kysely<Schema>, ids: readonly string[]) {
  return kysely
    .selectFrom('message_parts')
    .selectAll()
    .where('message_id', 'in', [...ids])
    .orderBy('message_id')
    .orderBy('attempt')
    .orderBy('part');
}
