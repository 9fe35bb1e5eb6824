import { sql, type Transaction } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { rowSet } from '../../db/row-set.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { AuditEvent } from '../event.ts';
import { toEventRow } from '../events-table.ts';
import type { Entry } from './entry.ts';
import { foldBudgets, foldVerifications } from './read-model.ts';

/** Writes entries in one transaction. Writing them again changes nothing. */
export async function writeEntries(db: Database, entries: readonly Entry[]): Promise<void> {
  const events = entries.flatMap(({ event }) => (event ? [event] : []));
  await writeTransaction(db, { durable: true }, async (trx) => {
    await foldVerifications(db, trx, entries);
    await numberLateEvents(db, trx, entries);
    await insertEvents(db, trx, events);
    await foldBudgets(db, trx, entries);
  });
}

/** They come after all other events of their verification. */
async function numberLateEvents(db: Database, trx: Transaction<Schema>, entries: readonly Entry[]): Promise<void> {
  const late = entries.flatMap((entry) => (entry.late && entry.event?.verificationId ? [entry.event] : []));
  if (late.length === 0) return;
  const ids = late.map(({ verificationId }) => verificationId as string);
  const verifications = trx.selectFrom('verifications').select(['id', 'sequence']).where('id', 'in', ids).orderBy('id');
  const locked = await forUpdate(db.dialect, verifications).execute();
  // Read under the lock: another process may have written the same entries a moment ago.
  const own = late.map(({ id }) => id);
  const known = await trx.selectFrom('events').select('id').where('id', 'in', own).execute();
  const written = new Set(known.map(({ id }) => id));
  for (const { id, sequence } of locked) {
    const added = late.filter((event) => event.verificationId === id && !written.has(event.id));
    for (const [index, event] of added.entries()) event.sequence = sequence + index + 1;
    const last = sequence + added.length;
    await trx.updateTable('verifications').set({ sequence: last }).where('id', '=', id).execute();
  }
}

const COLUMNS = {
  id: 'text',
  type: 'text',
  project_id: 'text',
  mode: 'text',
  actor: 'text',
  verification_id: 'text',
  message_id: 'text',
  recipient_masked: 'text',
  recipient_hash: 'text',
  client: 'text',
  data: 'text',
  sequence: 'bigint',
  created_at: 'bigint',
} as const;

async function insertEvents(db: Database, trx: Transaction<Schema>, events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(toEventRow) as Record<keyof typeof COLUMNS, string | number | null>[];
  const columns = sql.join(Object.keys(COLUMNS).map((name) => sql.ref(name)));
  await sql`
    insert into events (${columns}) select ${columns} from ${rowSet(db.dialect, COLUMNS, rows)} where true
    on conflict (id) do nothing
  `.execute(trx);
}
