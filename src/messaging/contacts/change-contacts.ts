import type { Transaction } from 'kysely';
import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import type { EventType } from '../../audit/event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { ContactDraft, Owner } from './contact.ts';
import type { Saved } from './merge-drafts.ts';
import { oneOf } from './one-of.ts';
import { type SaveOptions, saveContacts } from './save-contacts.ts';

/** By whom, of whose contacts. */
export interface By {
  owner: Owner;
  actor: Actor;
}

const EVENTS: Partial<Record<Saved['outcome'], EventType>> = {
  created: 'contact.created',
  updated: 'contact.updated',
};

/** One contact, made or changed, with its event. */
export function saveContact(
  db: Database,
  { owner, actor }: By,
  draft: ContactDraft,
  options: Omit<SaveOptions, 'owner'>,
): Promise<Saved | null> {
  return retryingUnique(() =>
    writeTransaction(db, {}, async (trx) => {
      if (options.target !== undefined && !(await exists(trx, owner, options.target))) return null;
      const [saved] = await saveContacts(trx, db.dialect, [draft], { ...options, owner });
      const type = saved && EVENTS[saved.outcome];
      if (type) {
        await insertEvents(trx, [adminEvent(type, owner.project, actor, options.now, { contact_id: saved.id })]);
      }
      return saved ?? null;
    }),
  );
}

/** Another transaction made the same contact: it is there now. */
export async function retryingUnique<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 3; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || !isUniqueViolation(error)) throw error;
    }
  }
}

/** False when there is none. */
export function deleteContact(db: Database, { owner, actor }: By, id: string, now: number): Promise<boolean> {
  return writeTransaction(db, {}, async (trx) => {
    if (!(await exists(trx, owner, id))) return false;
    await removeContacts(trx, db.dialect, [id]);
    await insertEvents(trx, [adminEvent('contact.deleted', owner.project, actor, now, { contact_id: id })]);
    return true;
  });
}

/** With all that is theirs. */
export async function removeContacts(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  ids: readonly string[],
): Promise<void> {
  for (const table of ['contact_addresses', 'contact_tags', 'list_members'] as const) {
    await trx
      .deleteFrom(table)
      .where(oneOf(dialect, 'contact_id', ids))
      .execute();
  }
  await trx
    .deleteFrom('contacts')
    .where(oneOf(dialect, 'id', ids))
    .execute();
}

async function exists(trx: Transaction<Schema>, { project, mode }: Owner, id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('contacts')
    .select('id')
    .where('id', '=', id)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .executeTakeFirst();
  return row !== undefined;
}
