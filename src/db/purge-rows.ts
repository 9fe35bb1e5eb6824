import type { SelectQueryBuilder, Transaction } from 'kysely';
import { amongUnlocked } from './locking.ts';
import type { Old, PurgeOld } from './purge-old.ts';
import type { Schema } from './schema.ts';

/** Tables by project and mode. */
type Filed = {
  [T in keyof Schema]: Schema[T] extends { id: string; project_id: string | null; mode: string } ? T : never;
}[keyof Schema];

/** By their age in that column, the oldest first. */
export function oldRows<T extends Filed>(
  trx: Transaction<Schema>,
  table: T,
  column: keyof Schema[T] & string,
  { project, mode, before, limit }: Old,
) {
  // One of them stands for all: types of queries cannot say what tables have in common.
  const at = column as 'created_at';
  const old = trx
    .selectFrom(table as 'messages')
    .select('id')
    .where('project_id', project === null ? 'is' : '=', project)
    .where('mode', '=', mode)
    .where(at, '<=', before)
    .orderBy(at)
    .orderBy('id')
    .limit(limit);
  return old as unknown as SelectQueryBuilder<Schema, T, { id: string }>;
}

/** For tables of which nothing else has to go with a row. */
export function purgeRows<T extends Filed>(table: T, column: keyof Schema[T] & string): PurgeOld {
  return async (trx, dialect, old) => {
    const gone = await trx
      .deleteFrom(table as 'messages')
      .where(amongUnlocked(dialect, 'id', oldRows(trx, table, column, old)))
      .executeTakeFirst();
    return Number(gone.numDeletedRows);
  };
}
