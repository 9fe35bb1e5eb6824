import type { Transaction } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { PurgeOld } from '../../db/purge-old.ts';
import { oldRows, purgeRows } from '../../db/purge-rows.ts';
import type { Schema } from '../../db/schema.ts';
import { WAITING } from './message.ts';

const UNFINISHED = [...WAITING, 'sending'] as const;

/** Messages with everything that happened to them, receipts too; those that may still be sent stay. */
export const purgeMessages: PurgeOld = async (trx, dialect, past) => {
  const old = oldRows(trx, 'messages', 'created_at', past).where('status', 'not in', UNFINISHED);
  const rows = await (dialect === 'postgres' ? forUpdate(dialect, old).skipLocked() : old).execute();
  const ids = rows.map(({ id }) => id);
  await deleteMessages(trx, ids);
  return ids.length;
};

export async function deleteMessages(trx: Transaction<Schema>, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  for (const table of ['receipts', 'message_parts', 'message_attempts'] as const) {
    await trx
      .deleteFrom(table)
      .where('message_id', 'in', [...ids])
      .execute();
  }
  await trx
    .deleteFrom('messages')
    .where('id', 'in', [...ids])
    .execute();
}

/** Messages from phones. */
export const purgeInbound = purgeRows('inbound_messages', 'received_at');
