import { type CompiledQuery, type Kysely, sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { columnsOf, rowSet } from '../../db/row-set.ts';
import type { Schema } from '../../db/schema.ts';
import { createBatcher } from '../../lib/batch.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import type { ReceiptRow } from './load.ts';

const BATCH = 200;

const RECEIPT: Readonly<Record<keyof ReceiptRow, 'text' | 'bigint'>> = {
  key: 'text',
  provider: 'text',
  provider_id: 'text',
  reference: 'text',
  message_id: 'text',
  attempt: 'bigint',
  status: 'text',
  reason: 'text',
  carrier_code: 'text',
  details: 'text',
  at: 'bigint',
  received_at: 'bigint',
  due_at: 'bigint',
};

/** Keeps receipts, of those that come at a time all in one statement. Resolves with those that were not known before. */
export function createReceiptKeeper(db: Database): (receipts: ReceiptRow[]) => Promise<ReceiptRow[]> {
  const { kysely } = db;

  async function insert(groups: readonly ReceiptRow[][]): Promise<ReceiptRow[][]> {
    const { rows } = await kysely.executeQuery(insertReceipts(kysely, db.dialect, groups.flat()));
    const fresh = new Set(rows.map(({ key }) => key));
    // The same one may come twice at a time: it is fresh for one of them.
    return groups.map((group) => group.filter(({ key }) => fresh.delete(key)));
  }

  /** One that the database will not take keeps no other out. */
  async function insertApart(groups: readonly ReceiptRow[][]): Promise<(ReceiptRow[] | Error)[]> {
    try {
      return await insert(groups);
    } catch (error) {
      if (error instanceof StoreUnavailable || groups.length === 1) throw error;
      return Promise.all(groups.map((group) => insert([group]).then(([fresh = []]) => fresh, toError)));
    }
  }

  const keep = createBatcher(insertApart, BATCH);
  return async (receipts) => {
    const fresh = await keep(receipts);
    if (fresh instanceof Error) throw fresh;
    return fresh;
  };
}

function insertReceipts(
  kysely: Kysely<Schema>,
  dialect: Database['dialect'],
  rows: readonly ReceiptRow[],
): CompiledQuery<{ key: string }> {
  const names = columnsOf(RECEIPT);
  const given = rowSet(dialect, RECEIPT, rows as readonly (ReceiptRow & Record<string, string | number | null>)[]);
  return sql<{ key: string }>`
    insert into receipts (${names}) select ${names} from ${given} where true
    on conflict (key) do nothing returning key
  `.compile(kysely);
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
