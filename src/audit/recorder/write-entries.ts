import type { Transaction } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
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
    await foldVerifications(trx, entries);
    await numberLateEvents(db, trx, events);
    await insertEvents(trx, events);
    await foldBudgets(trx, entries);
  });
}

/** Events of a verification that Redis had forgotten already come after all others of it. */
async function numberLateEvents(db: Database, trx: Transaction<Schema>, events: readonly AuditEvent[]): Promise<void> {
  const late = events.filter(({ verificationId, sequence }) => verificationId !== undefined && sequence === undefined);
  if (late.length === 0) return;
  const ids = [...new Set(late.map(({ verificationId }) => verificationId as string))].sort();
  const verifications = trx.selectFrom('verifications').select(['id', 'sequence']).where('id', 'in', ids).orderBy('id');
  const locked = await forUpdate(db.dialect, verifications).execute();
  // Read under the lock: another process may have written the same entries a moment ago.
  const known = await trx
    .selectFrom('events')
    .select('id')
    .where(
      'id',
      'in',
      late.map(({ id }) => id),
    )
    .execute();
  const written = new Set(known.map(({ id }) => id));
  for (const { id, sequence } of locked) {
    const own = late.filter((event) => event.verificationId === id && !written.has(event.id));
    own.forEach((event, index) => {
      event.sequence = sequence + index + 1;
    });
    if (own.length > 0) {
      await trx
        .updateTable('verifications')
        .set({ sequence: sequence + own.length })
        .where('id', '=', id)
        .execute();
    }
  }
}

async function insertEvents(trx: Transaction<Schema>, events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(toEventRow);
  await trx
    .insertInto('events')
    .values(rows)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}
