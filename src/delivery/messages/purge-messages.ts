import type { Transaction } from 'kysely';
import { amongUnlocked, forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { PurgeOld } from '../../db/purge-old.ts';
import type { Schema } from '../../db/schema.ts';
import { WAITING } from './message.ts';

const UNFINISHED = [...WAITING, 'sending'] as const;

/** Messages with everything that happened to them, receipts too; those that may still be sent stay. */
export const purgeMessages: PurgeOld = async (trx, dialect, { project, mode, before, limit }) => {
  const old = trx
    .selectFrom('messages')
    .select('id')
    .where('project_id', project === null ? 'is' : '=', project)
    .where('mode', '=', mode)
    .where('created_at', '<=', before)
    .where('status', 'not in', UNFINISHED)
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit);
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
export const purgeInbound: PurgeOld = async (trx, dialect: Database['dialect'], { project, mode, before, limit }) => {
  const old = trx
    .selectFrom('inbound_messages')
    .select('id')
    .where('project_id', project === null ? 'is' : '=', project)
    .where('mode', '=', mode)
    .where('received_at', '<=', before)
    .orderBy('received_at')
    .orderBy('id')
    .limit(limit);
  const gone = await trx
    .deleteFrom('inbound_messages')
    .where(amongUnlocked(dialect, 'id', old))
    .executeTakeFirst();
  return Number(gone.numDeletedRows);
};
