import type { Kysely, Selectable } from 'kysely';
import { adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { NumberTable } from '../../db/schema/inbound.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { senderKey } from '../consent/sender-key.ts';
import type { Owner } from '../consent/subject.ts';
import type { By } from '../contacts/change-contacts.ts';
import { offerUnowned } from './offer-unowned.ts';

export type NumberRow = Selectable<NumberTable>;

export function listNumbers(
  db: Kysely<Schema>,
  { project, mode }: Owner,
  after: string,
  limit: number,
): Promise<NumberRow[]> {
  return db
    .selectFrom('numbers')
    .selectAll()
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('number_key', '>', after)
    .orderBy('number_key')
    .limit(limit)
    .execute();
}

/** Null: it is another project's, or of the other mode. */
export function claimNumber(
  db: Database,
  { owner, actor }: By,
  number: string,
  now: number,
): Promise<NumberRow | null> {
  const { project, mode } = owner;
  const row = { number_key: senderKey(number), number, project_id: project, mode, created_at: now };
  return writeTransaction(db, {}, async (trx) => {
    const added = await trx
      .insertInto('numbers')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .returning('number_key')
      .execute();
    if (added.length > 0) {
      const offered = await offerUnowned(trx, number, owner, now);
      await insertEvents(trx, [adminEvent('number.claimed', project, actor, now, { number, offered })]);
      return row;
    }
    const known = await trx
      .selectFrom('numbers')
      .selectAll()
      .where('number_key', '=', row.number_key)
      .where('project_id', '=', project)
      .where('mode', '=', mode)
      .executeTakeFirst();
    return known ?? null;
  });
}

/** What was written to it stays. */
export function releaseNumber(db: Database, { owner, actor }: By, number: string, now: number): Promise<boolean> {
  return writeTransaction(db, {}, async (trx) => {
    const gone = await trx
      .deleteFrom('numbers')
      .where('number_key', '=', senderKey(number))
      .where('project_id', '=', owner.project)
      .where('mode', '=', owner.mode)
      .returning('number')
      .executeTakeFirst();
    if (!gone) return false;
    await insertEvents(trx, [adminEvent('number.released', owner.project, actor, now, { number: gone.number })]);
    return true;
  });
}
