import type { Kysely, Transaction } from 'kysely';
import { type Actor, adminEvent } from '../../../audit/admin-event.ts';
import type { EventType } from '../../../audit/event.ts';
import { insertEvents } from '../../../audit/insert-events.ts';
import { forUpdate } from '../../../db/locking.ts';
import type { Database } from '../../../db/open.ts';
import type { Schema } from '../../../db/schema.ts';
import { writeTransaction } from '../../../db/transaction.ts';
import type { By } from '../change-contacts.ts';
import type { Owner } from '../contact.ts';
import type { Place } from '../contacts-table.ts';
import { ENDED, type ImportRow } from './import.ts';
import type { Counts } from './tally-batch.ts';

/** Those whose file is there. */
function ownImports(db: Kysely<Schema>, { project, mode }: Owner) {
  return db
    .selectFrom('contact_imports')
    .selectAll()
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('status', '<>', 'uploading');
}

export function findImport(db: Kysely<Schema>, owner: Owner, id: string): Promise<ImportRow | undefined> {
  return ownImports(db, owner).where('id', '=', id).executeTakeFirst();
}

export function listImports(
  db: Kysely<Schema>,
  owner: Owner,
  before: Place | null,
  limit: number,
): Promise<ImportRow[]> {
  let query = ownImports(db, owner);
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

/** For a change: batches, their end and a cancellation follow one another. */
export function lockImport(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  id: string,
): Promise<ImportRow | undefined> {
  return forUpdate(dialect, trx.selectFrom('contact_imports').selectAll().where('id', '=', id)).executeTakeFirst();
}

/** From where a batch began to where it ended, with what it counted. None: it is not there, or has ended. */
export function moveImport(
  db: Kysely<Schema>,
  id: string,
  { from, to }: { from: number; to: number },
  counts: Counts,
  now: number,
) {
  return db
    .updateTable('contact_imports')
    .set((eb) => ({
      status: 'running',
      position: to,
      rows: eb('rows', '+', counts.rows),
      created: eb('created', '+', counts.created),
      updated: eb('updated', '+', counts.updated),
      skipped: eb('skipped', '+', counts.skipped),
      failed: eb('failed', '+', counts.failed),
      started_at: eb.fn.coalesce('started_at', eb.val(now)),
      updated_at: now,
    }))
    .where('id', '=', id)
    .where('position', '=', from)
    .where('status', 'in', ['queued', 'running'])
    .returningAll();
}

/** Lets the file go. */
export async function endImport(
  trx: Transaction<Schema>,
  row: ImportRow,
  { status, reason = null }: { status: 'completed' | 'failed' | 'canceled'; reason?: string | null },
  actor: Actor,
  now: number,
): Promise<ImportRow> {
  const ended = { status, reason, ended_at: now, updated_at: now };
  await trx.updateTable('contact_imports').set(ended).where('id', '=', row.id).execute();
  await trx.deleteFrom('contact_import_chunks').where('import_id', '=', row.id).execute();
  const { id, rows, created, updated, skipped, failed } = row;
  const data = { import_id: id, ...(reason !== null && { reason }), rows, created, updated, skipped, failed };
  await insertEvents(trx, [adminEvent(EVENTS[status], row.project_id, actor, now, data)]);
  return { ...row, ...ended };
}

const EVENTS = {
  completed: 'contact_import.completed',
  failed: 'contact_import.failed',
  canceled: 'contact_import.canceled',
} as const satisfies Record<string, EventType>;

/** Effective with the batch under way. One that has ended stays what it is; null: there is none. */
export function cancelImport(db: Database, { owner, actor }: By, id: string, now: number): Promise<ImportRow | null> {
  return writeTransaction(db, {}, async (trx) => {
    if (!(await findImport(trx, owner, id))) return null;
    const row = await lockImport(trx, db.dialect, id);
    if (!row || ENDED.includes(row.status)) return row ?? null;
    return endImport(trx, row, { status: 'canceled' }, actor, now);
  });
}
