import type { Expression, SqlBool } from 'kysely';
import { toCell } from '../../audit/export/csv.ts';
import { jsonLine } from '../../audit/export/json-line.ts';
import type { Attributes } from './attributes.ts';
import type { Contact, Owner } from './contact.ts';
import { listContacts, type Place, type Reader } from './contacts-table.ts';
import { viewContact } from './views.ts';

export const CONTACT_FORMATS = {
  csv: { contentType: 'text/csv; charset=utf-8; header=present', extension: 'csv' },
  ndjson: { contentType: 'application/x-ndjson', extension: 'ndjson' },
} as const;

export type ContactFormat = keyof typeof CONTACT_FORMATS;

const PAGE = 500;

const COLUMNS = ['external_id', 'phone', 'email', 'whatsapp', 'telegram', 'locale', 'country', 'time_zone'] as const;

/** Contacts in pages, newest first. An import of the CSV finds the same contacts and changes nothing about them. */
export async function* exportContacts(
  reader: Reader,
  owner: Owner,
  {
    format,
    conditions,
    attributes,
  }: { format: ContactFormat; conditions: readonly Expression<SqlBool>[]; attributes: Attributes },
): AsyncGenerator<string, void, undefined> {
  const names = [...attributes.keys()];
  if (format === 'csv') {
    yield `${[...COLUMNS, 'tags', ...names.map((name) => `attributes.${name}`), 'created_at'].join()}\r\n`;
  }
  let before: Place | null = null;
  for (;;) {
    const contacts: Contact[] = await listContacts(reader, owner, conditions, before, PAGE);
    const last = contacts.at(-1);
    if (!last) return;
    yield contacts.map((contact) => (format === 'csv' ? csvRow(contact) : ndjsonRow(contact))).join('');
    before = { at: last.row.created_at, id: last.row.id };
  }

  function ndjsonRow(contact: Contact): string {
    return `${jsonLine(viewContact(contact, attributes))}\n`;
  }

  function csvRow(contact: Contact): string {
    const view = viewContact(contact, attributes);
    const fixed = COLUMNS.map((name) => {
      // What was guessed would come back as given.
      const isGuess = name === 'time_zone' && view.time_zone_source === 'inferred';
      return isGuess ? undefined : (view[name] ?? undefined);
    });
    const values = names.map((name) => {
      const value = view.attributes[name];
      return typeof value === 'boolean' ? String(value) : value;
    });
    return `${[...fixed, view.tags.join(';') || undefined, ...values, view.created_at].map(toCell).join()}\r\n`;
  }
}
