import type { Transaction } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';

/** Nobody else appends to the log or signs it until the transaction ends. Answers with the number of its leaves. */
export async function lockLog({ dialect }: Database, trx: Transaction<Schema>): Promise<number> {
  const state = trx.selectFrom('audit_state').select('size').where('id', '=', 1);
  return (await forUpdate(dialect, state).executeTakeFirstOrThrow()).size;
}
