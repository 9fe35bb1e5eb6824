import { type Kysely, type RawBuilder, type Selectable, type SqlBool, sql, type Transaction } from 'kysely';
import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { columnSet } from '../../db/column-set.ts';
import type { Database } from '../../db/open.ts';
import type { PeopleSchema } from '../../db/schema/people.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { By } from './change-contacts.ts';
import type { Owner } from './contact.ts';
import type { Place } from './contacts-table.ts';
import { oneOf } from './one-of.ts';

export type ListRow = Selectable<PeopleSchema['lists']>;

export function findList(db: Kysely<Schema>, owner: Owner, id: string): Promise<ListRow | undefined> {
  return ownLists(db, owner).where('id', '=', id).executeTakeFirst();
}

export function listLists(db: Kysely<Schema>, owner: Owner, before: Place | null, limit: number): Promise<ListRow[]> {
  let query = ownLists(db, owner);
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

export async function countMembers(db: Kysely<Schema>, id: string): Promise<number> {
  const { count } = await db
    .selectFrom('list_members')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('list_id', '=', id)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** One made before by the same id is what is answered. */
export function createList(
  db: Database,
  { owner, actor }: By,
  id: string,
  name: string,
  now: number,
): Promise<ListRow> {
  return writeTransaction(db, {}, async (trx) => {
    const before = await findList(trx, owner, id);
    if (before) return before;
    const row = { id, project_id: owner.project, mode: owner.mode, name, created_at: now, updated_at: now };
    await trx.insertInto('lists').values(row).execute();
    await insertEvents(trx, [adminEvent('list.created', owner.project, actor, now, { list_id: id, name })]);
    return row;
  });
}

export function renameList(
  db: Database,
  { owner, actor }: By,
  id: string,
  name: string,
  now: number,
): Promise<ListRow | null> {
  return writeTransaction(db, {}, async (trx) => {
    const row = await findList(trx, owner, id);
    if (!row) return null;
    const after = { ...row, name, updated_at: Math.max(now, row.updated_at + 1) };
    await trx.updateTable('lists').set({ name, updated_at: after.updated_at }).where('id', '=', id).execute();
    const data = { list_id: id, name, name_before: row.name };
    await insertEvents(trx, [adminEvent('list.updated', owner.project, actor, now, data)]);
    return after;
  });
}

/** The contacts stay. */
export function deleteList(db: Database, { owner, actor }: By, id: string, now: number): Promise<boolean> {
  return writeTransaction(db, {}, async (trx) => {
    const row = await findList(trx, owner, id);
    if (!row) return false;
    await trx.deleteFrom('list_members').where('list_id', '=', id).execute();
    await trx.deleteFrom('lists').where('id', '=', id).execute();
    await insertEvents(trx, [adminEvent('list.deleted', owner.project, actor, now, { list_id: id, name: row.name })]);
    return true;
  });
}

/** How many were not in it; null: there is no such list. Ids that are no contacts of the owner's are left out. */
export function addMembers(
  db: Database,
  { owner, actor }: By,
  id: string,
  contacts: readonly string[],
  now: number,
): Promise<number | null> {
  return changeMembers(db, { owner, actor }, id, now, 'added', async (trx) => {
    const { numAffectedRows = 0n } = await insertMembers(db.dialect, owner, id, contacts, now).execute(trx);
    return Number(numAffectedRows);
  });
}

export function removeMembers(
  db: Database,
  by: By,
  id: string,
  contacts: readonly string[],
  now: number,
): Promise<number | null> {
  return changeMembers(db, by, id, now, 'removed', async (trx) => {
    const gone = await trx
      .deleteFrom('list_members')
      .where('list_id', '=', id)
      .where('contact_id', 'in', [...contacts])
      .executeTakeFirst();
    return Number(gone.numDeletedRows);
  });
}

function changeMembers(
  db: Database,
  { owner, actor }: { owner: Owner; actor: Actor },
  id: string,
  now: number,
  what: 'added' | 'removed',
  change: (trx: Transaction<Schema>) => Promise<number>,
): Promise<number | null> {
  return writeTransaction(db, {}, async (trx) => {
    if (!(await findList(trx, owner, id))) return null;
    const count = await change(trx);
    if (count > 0) {
      const data = { list_id: id, [what]: count };
      await insertEvents(trx, [adminEvent('list.members_changed', owner.project, actor, now, data)]);
    }
    return count;
  });
}

/** How many rows it inserts is how many came in. */
export function insertMembers(
  dialect: Database['dialect'],
  { project, mode }: Owner,
  list: string,
  contacts: readonly string[],
  now: number,
): RawBuilder<unknown> {
  return sql`
    insert into list_members (list_id, contact_id, added_at)
    select ${list}, c.id, cast(${now} as bigint) from contacts c
    where c.project_id = ${project} and c.mode = ${mode} and ${oneOf(dialect, 'c.id', contacts)}
    on conflict (list_id, contact_id) do nothing
  `;
}

/** Of contacts that are made with it, hence in no list yet. */
export function insertNewMembers(
  dialect: Database['dialect'],
  list: string,
  contacts: readonly string[],
  now: number,
  when: RawBuilder<SqlBool>,
): RawBuilder<unknown> {
  const members = columnSet(
    dialect,
    ['contact'],
    contacts.map((contact) => ({ contact })),
  );
  return sql`
    insert into list_members (list_id, contact_id, added_at)
    select ${list}, contact, cast(${now} as bigint) from ${members} where ${when}
  `;
}

function ownLists(db: Kysely<Schema>, { project, mode }: Owner) {
  return db.selectFrom('lists').selectAll().where('project_id', '=', project).where('mode', '=', mode);
}
