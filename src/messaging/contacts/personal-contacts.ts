import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Collect, Eraser, Erasure, Subject } from '../../lib/subject.ts';
import { loadAttributes } from './attributes.ts';
import { removeContacts } from './change-contacts.ts';
import { findContact } from './contacts-table.ts';
import { viewContact } from './views.ts';

const BATCH = 200;

/** Contacts that a person's address belongs to, with all that is known of them. */
export function createContactCollector(db: Database): Collect {
  return async function* collect(subject) {
    const rows = await contactsOf(db, subject).execute();
    for (const { id, project, mode } of rows) {
      const owner = { project, mode };
      const contact = await findContact(db, owner, id);
      if (!contact) continue;
      const lists = await db.kysely
        .selectFrom('list_members')
        .innerJoin('lists', 'lists.id', 'list_members.list_id')
        .select('lists.name')
        .where('list_members.contact_id', '=', id)
        .execute();
      const view = viewContact(contact, await loadAttributes(db.kysely, owner));
      yield { kind: 'contact', record: { ...owner, ...view, lists: lists.map(({ name }) => name) } };
    }
  };
}

/** Their contacts, and what reports of imports quote of them. An import under way may bring them back: it is waited for. */
export function createContactEraser(db: Database): Eraser {
  return {
    name: 'contacts',
    async erase(erasure, claim) {
      let count = 0;
      const until = await importedUntil(db, erasure);
      for (;;) {
        const found = await contactsOf(db, erasure).where('contacts.created_at', '<=', until).limit(BATCH).execute();
        const ids = [...new Set(found.map(({ id }) => id))];
        if (ids.length === 0) break;
        await claim(ids);
        await writeTransaction(db, {}, (trx) => removeContacts(trx, db.dialect, ids));
        count += ids.length;
      }
      await eraseQuotes(db, erasure);
      const running = await importsOf(db, erasure)
        .select('id')
        .where('status', 'in', ['uploading', 'queued', 'running'])
        .where('created_at', '<=', erasure.until)
        .limit(1)
        .execute();
      return { count, unfinished: running.length > 0 };
    },
  };
}

function contactsOf({ kysely }: Database, { hash, project, modes }: Subject) {
  const all = kysely
    .selectFrom('contact_addresses')
    .innerJoin('contacts', 'contacts.id', 'contact_addresses.contact_id')
    .select(['contacts.id', 'contacts.project_id as project', 'contacts.mode'])
    .distinct()
    .where('contact_addresses.address_hash', '=', hash)
    .where('contact_addresses.mode', 'in', [...modes]);
  return project === null ? all : all.where('contact_addresses.project_id', '=', project);
}

/** What came of a file that was there before the request is meant too. */
async function importedUntil(db: Database, erasure: Erasure): Promise<number> {
  const { ended } = await importsOf(db, erasure)
    .select((eb) => eb.fn.max('ended_at').as('ended'))
    .where('created_at', '<=', erasure.until)
    .executeTakeFirstOrThrow();
  return Math.max(erasure.until, ended ?? 0);
}

function importsOf({ kysely }: Database, { project, modes }: Subject) {
  const all = kysely.selectFrom('contact_imports').where('mode', 'in', [...modes]);
  return project === null ? all : all.where('project_id', '=', project);
}

async function eraseQuotes(db: Database, subject: Subject): Promise<void> {
  let after = { import_id: '', row: 0, number: 0 };
  for (;;) {
    const rows = await db.kysely
      .selectFrom('contact_import_errors')
      .selectAll()
      .where('import_id', 'in', importsOf(db, subject).select('id'))
      .where('value', 'is not', null)
      .where((eb) =>
        eb(eb.refTuple('import_id', 'row', 'number'), '>', eb.tuple(after.import_id, after.row, after.number)),
      )
      .orderBy('import_id')
      .orderBy('row')
      .orderBy('number')
      .limit(1_000)
      .execute();
    for (const { import_id, row, number } of rows.filter(({ value }) => value !== null && subject.isAddress(value))) {
      await db.kysely
        .updateTable('contact_import_errors')
        .set({ value: null })
        .where('import_id', '=', import_id)
        .where('row', '=', row)
        .where('number', '=', number)
        .execute();
    }
    const last = rows.at(-1);
    if (!last) return;
    after = last;
  }
}
