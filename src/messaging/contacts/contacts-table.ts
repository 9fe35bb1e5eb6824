import type { Expression, Kysely, SqlBool } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import type { Contact, ContactRow, Owner } from './contact.ts';
import { oneOf } from './one-of.ts';

export interface Place {
  at: number;
  id: string;
}

export async function findContact({ kysely, dialect }: Reader, owner: Owner, id: string): Promise<Contact | null> {
  const row = await ownContacts(kysely, owner).where('contacts.id', '=', id).executeTakeFirst();
  if (!row) return null;
  const [contact = null] = await complete({ kysely, dialect }, [row]);
  return contact;
}

export type Reader = Pick<Database, 'kysely' | 'dialect'>;

/** Newest first, before the given place, of those that all conditions are true of. */
export async function listContacts(
  { kysely, dialect }: Reader,
  owner: Owner,
  conditions: readonly Expression<SqlBool>[],
  before: Place | null,
  limit: number,
): Promise<Contact[]> {
  let query = ownContacts(kysely, owner);
  for (const condition of conditions) query = query.where(condition);
  if (before) {
    query = query.where((eb) =>
      eb(eb.refTuple('contacts.created_at', 'contacts.id'), '<', eb.tuple(before.at, before.id)),
    );
  }
  const rows = await query.orderBy('contacts.created_at', 'desc').orderBy('contacts.id', 'desc').limit(limit).execute();
  return complete({ kysely, dialect }, rows);
}

export function ownContacts(kysely: Kysely<Schema>, { project, mode }: Owner) {
  return kysely
    .selectFrom('contacts')
    .selectAll('contacts')
    .where('contacts.project_id', '=', project)
    .where('contacts.mode', '=', mode);
}

/** With their addresses and tags. */
async function complete({ kysely, dialect }: Reader, rows: readonly ContactRow[]): Promise<Contact[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const addresses = await kysely
    .selectFrom('contact_addresses')
    .select(['contact_id', 'kind', 'address'])
    .where(oneOf(dialect, 'contact_id', ids))
    .execute();
  const tags = await kysely
    .selectFrom('contact_tags')
    .select(['contact_id', 'tag'])
    .where(oneOf(dialect, 'contact_id', ids))
    .execute();
  const addressesOf = Map.groupBy(addresses, ({ contact_id }) => contact_id);
  const tagsOf = Map.groupBy(tags, ({ contact_id }) => contact_id);
  return rows.map((row) => ({
    row,
    addresses: Object.fromEntries((addressesOf.get(row.id) ?? []).map(({ kind, address }) => [kind, address])),
    tags: (tagsOf.get(row.id) ?? []).map(({ tag }) => tag).sort(),
  }));
}
