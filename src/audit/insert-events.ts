import type { Transaction } from 'kysely';
import type { Schema } from '../db/schema.ts';
import type { AuditEvent } from './event.ts';
import { toEventRow } from './events-table.ts';

/** In the transaction of what they tell of: both are kept or neither is. */
export async function insertEvents(trx: Transaction<Schema>, events: readonly AuditEvent[]): Promise<void> {
  await trx.insertInto('events').values(events.map(toEventRow)).execute();
}
