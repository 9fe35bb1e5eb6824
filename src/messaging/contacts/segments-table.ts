import type { Kysely, Selectable } from 'kysely';
import { adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import type { SegmentTable } from '../../db/schema/people.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { By } from './change-contacts.ts';
import type { Owner } from './contact.ts';
import type { Place } from './contacts-table.ts';
import type { Filter } from './filter/filter.ts';

export type SegmentRow = Selectable<SegmentTable>;

export function findSegment(db: Kysely<Schema>, owner: Owner, id: string): Promise<SegmentRow | undefined> {
  return ownSegments(db, owner).where('id', '=', id).executeTakeFirst();
}

export function listSegments(
  db: Kysely<Schema>,
  owner: Owner,
  before: Place | null,
  limit: number,
): Promise<SegmentRow[]> {
  let query = ownSegments(db, owner);
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

/** One made before by the same id is what is answered. */
export function createSegment(
  db: Database,
  { owner, actor }: By,
  { id, name, filter }: { id: string; name: string; filter: Filter },
  now: number,
): Promise<SegmentRow> {
  return writeTransaction(db, {}, async (trx) => {
    const before = await findSegment(trx, owner, id);
    if (before) return before;
    const row = {
      ...{ id, project_id: owner.project, mode: owner.mode, name, filter: JSON.stringify(filter) },
      ...{ created_at: now, updated_at: now },
    };
    await trx.insertInto('segments').values(row).execute();
    await insertEvents(trx, [adminEvent('segment.created', owner.project, actor, now, { segment_id: id, name })]);
    return row;
  });
}

export function changeSegment(
  db: Database,
  { owner, actor }: By,
  id: string,
  { name, filter }: { name?: string; filter?: Filter },
  now: number,
): Promise<SegmentRow | null> {
  return writeTransaction(db, {}, async (trx) => {
    const row = await findSegment(trx, owner, id);
    if (!row) return null;
    const change = {
      ...(name !== undefined && { name }),
      ...(filter !== undefined && { filter: JSON.stringify(filter) }),
      updated_at: Math.max(now, row.updated_at + 1),
    };
    await trx.updateTable('segments').set(change).where('id', '=', id).execute();
    const changed = [...(name === undefined ? [] : ['name']), ...(filter === undefined ? [] : ['filter'])];
    await insertEvents(trx, [adminEvent('segment.updated', owner.project, actor, now, { segment_id: id, changed })]);
    return { ...row, ...change };
  });
}

export function deleteSegment(db: Database, { owner, actor }: By, id: string, now: number): Promise<boolean> {
  return writeTransaction(db, {}, async (trx) => {
    const row = await findSegment(trx, owner, id);
    if (!row) return false;
    await trx.deleteFrom('segments').where('id', '=', id).execute();
    const data = { segment_id: id, name: row.name };
    await insertEvents(trx, [adminEvent('segment.deleted', owner.project, actor, now, data)]);
    return true;
  });
}

function ownSegments(db: Kysely<Schema>, { project, mode }: Owner) {
  return db.selectFrom('segments').selectAll().where('project_id', '=', project).where('mode', '=', mode);
}
