import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { lookUp, rowSet } from '../../db/row-set.ts';
import type { ReceiptRow } from './load.ts';
import { parseReference } from './message.ts';
import { idsOf } from './receipt-row.ts';

/** What a receipt is about. */
export interface Target {
  receipt: ReceiptRow;
  messageId: string;
  /** Of the message; null when that is gone. */
  purpose: string | null;
  attempt: number;
  /** The carrier's id of one part, as it is stored; null: the receipt names our reference only, so all parts. */
  providerId: string | null;
}

/**
 * The attempts that these receipts are about, for those that are known: by an id that their provider gave, or by our
 * reference. Only the provider that carried an attempt can say anything about it.
 */
export async function findTargets(db: Database, receipts: readonly ReceiptRow[]): Promise<Target[]> {
  // One after the other: an attempt that ends in between is found by its ids, which say which part is meant.
  const byReference = await findByReferences(db, receipts);
  const byId = await findByIds(db, receipts);
  return receipts.flatMap((receipt) => byId.get(receipt.key) ?? byReference.get(receipt.key) ?? []);
}

async function findByIds(db: Database, receipts: readonly ReceiptRow[]): Promise<Map<string, Target>> {
  const wanted = receipts.flatMap((receipt) =>
    idsOf(receipt).map((id, rank) => ({ key: receipt.key, provider: receipt.provider, id, rank })),
  );
  if (wanted.length === 0) return new Map();
  const columns = { key: 'text', provider: 'text', id: 'text', rank: 'bigint' } as const;
  const { rows } = await sql<Found>`
    select r.key, p.provider_id, p.message_id, p.attempt, m.purpose from ${rowSet(db.dialect, columns, wanted)}
    ${lookUp(db.dialect, 'message_parts', 'p', sql`p.provider = r.provider and p.provider_id = r.id`)}
    ${lookUp(db.dialect, 'messages', 'm', sql`m.id = p.message_id`, 'left join')}
    order by r.rank desc
  `.execute(db.kysely);
  return toMap(receipts, rows);
}

/** Not while the provider is being called: what its ids are is not known before it answers. */
async function findByReferences(db: Database, receipts: readonly ReceiptRow[]): Promise<Map<string, Target>> {
  const wanted = receipts.flatMap(({ key, provider, reference }) => {
    const parsed = reference === null ? null : parseReference(reference);
    return parsed ? [{ key, provider, message_id: parsed.message, number: parsed.attempt }] : [];
  });
  if (wanted.length === 0) return new Map();
  const columns = { key: 'text', provider: 'text', message_id: 'text', number: 'bigint' } as const;
  const { rows } = await sql<Omit<Found, 'provider_id'>>`
    select r.key, a.message_id, a.number as attempt, m.purpose from ${rowSet(db.dialect, columns, wanted)}
    ${lookUp(db.dialect, 'message_attempts', 'a', sql`a.message_id = r.message_id and a.number = r.number`)}
    ${lookUp(db.dialect, 'messages', 'm', sql`m.id = a.message_id`, 'left join')}
    where a.provider = r.provider and a.status <> 'sending'
  `.execute(db.kysely);
  return toMap(
    receipts,
    rows.map((row) => ({ ...row, provider_id: null })),
  );
}

interface Found {
  key: string;
  message_id: string;
  purpose: string | null;
  attempt: number;
  provider_id: string | null;
}

/** The last of a receipt's rows counts. */
function toMap(receipts: readonly ReceiptRow[], rows: readonly Found[]): Map<string, Target> {
  const byKey = new Map(receipts.map((receipt) => [receipt.key, receipt]));
  return new Map(
    rows.flatMap(({ key, message_id: messageId, purpose, attempt, provider_id: providerId }) => {
      const receipt = byKey.get(key);
      return receipt ? [[key, { receipt, messageId, purpose, attempt, providerId }] as const] : [];
    }),
  );
}
