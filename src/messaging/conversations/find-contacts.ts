import type { Kysely } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { Owner } from '../consent/subject.ts';
import type { ConversationRow } from './conversations-table.ts';

/** Of which contacts they are, by conversation. */
export async function findContacts(
  db: Kysely<Schema>,
  { project, mode }: Owner,
  rows: readonly ConversationRow[],
): Promise<ReadonlyMap<string, string>> {
  if (rows.length === 0) return new Map();
  const found = await db
    .selectFrom('contact_addresses')
    .select(['kind', 'address_hash', 'contact_id'])
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('kind', 'in', ['phone', 'whatsapp'])
    .where(
      'address_hash',
      'in',
      rows.map(({ address_hash }) => address_hash),
    )
    .execute();
  const contacts = new Map(found.map(({ kind, address_hash, contact_id }) => [`${kind} ${address_hash}`, contact_id]));
  return new Map(
    rows.flatMap(({ id, channel, address_hash }) => {
      const own = channel === 'whatsapp' ? contacts.get(`whatsapp ${address_hash}`) : undefined;
      const contact = own ?? contacts.get(`phone ${address_hash}`);
      return contact === undefined ? [] : [[id, contact]];
    }),
  );
}
