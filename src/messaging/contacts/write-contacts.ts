import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { columnSet } from '../../db/column-set.ts';
import type { Database } from '../../db/open.ts';
import { among } from '../../db/row-set.ts';
import { ADDRESS_KINDS, type Owner } from './contact.ts';
import type { Matched } from './match-contacts.ts';

/** What each contact was and what it becomes. */
export type Writes = Map<string, { before: Matched | null; after: Matched }>;

type Dialect = Database['dialect'];

/**
 * In this order: one statement for all rows of a table, and none for a table that stays as it is. What is new is written
 * `when` that is true, in the order of its ids: most indexes then grow at their end.
 */
export function writeContacts(
  dialect: Dialect,
  { project, mode }: Owner,
  writes: Writes,
  now: number,
  when: RawBuilder<SqlBool> = sql`true`,
): RawBuilder<unknown>[] {
  const all = [...writes.values()].sort(byId);
  const fresh = all.filter(({ before }) => before === null);
  const old = all.filter(({ before }) => before !== null);
  const statements: RawBuilder<unknown>[] = [];
  const own = sql`${project}, ${mode}`;

  if (fresh.length > 0) {
    statements.push(sql`
      insert into contacts (project_id, mode, created_at, updated_at, ${COLUMNS})
      select ${own}, cast(${now} as bigint), cast(${now} as bigint), ${COLUMNS} from ${contactSet(dialect, fresh)} where ${when}
    `);
  }
  if (old.length > 0) {
    const ids = old.map(({ after }) => after.id);
    statements.push(sql`
      update contacts set external_id = r.external_id, attributes = r.attributes, locale = r.locale,
        country = r.country, time_zone = r.time_zone, time_zone_source = r.time_zone_source,
        updated_at = case when updated_at >= ${now} then updated_at + 1 else ${now} end
      from ${contactSet(dialect, old)} where contacts.id = r.id and ${among(dialect, 'contacts.id', ids)}
    `);
  }

  const goneAddresses = old.flatMap(({ before, after }) => (before ? addressesNotIn(before, after) : []));
  if (goneAddresses.length > 0) {
    const contacts = goneAddresses.map(({ contact }) => contact);
    const gone = columnSet(dialect, ['contact', 'kind'], goneAddresses);
    statements.push(sql`
      delete from contact_addresses
      where (contact_id, kind) in (select contact, kind from ${gone}) and ${among(dialect, 'contact_id', contacts)}
    `);
  }
  const newAddresses = all.flatMap(({ before, after }) => addressesNotIn(after, before));
  if (newAddresses.length > 0) {
    const columns = ['kind', 'hash', 'address', 'contact'] as const;
    statements.push(sql`
      insert into contact_addresses (project_id, mode, kind, address_hash, address, contact_id, created_at)
      select ${own}, kind, hash, address, contact, cast(${now} as bigint) from ${columnSet(dialect, columns, newAddresses)} where ${when}
    `);
  }

  const goneTags = old.flatMap(({ before, after }) => (before ? tagsNotIn(before, after) : []));
  if (goneTags.length > 0) {
    const contacts = goneTags.map(({ contact }) => contact);
    statements.push(sql`
      delete from contact_tags where (contact_id, tag) in (select contact, tag from ${tagSet(dialect, goneTags)})
        and ${among(dialect, 'contact_id', contacts)}
    `);
  }
  const newTags = all.flatMap(({ before, after }) => tagsNotIn(after, before));
  if (newTags.length > 0) {
    statements.push(sql`
      insert into contact_tags (project_id, mode, tag, contact_id)
      select ${own}, tag, contact from ${tagSet(dialect, newTags)} where ${when}
    `);
  }
  return statements;
}

const byId = ({ after: a }: { after: Matched }, { after: b }: { after: Matched }) => (a.id < b.id ? -1 : 1);

const CONTACT = ['id', 'external_id', 'attributes', 'locale', 'country', 'time_zone', 'time_zone_source'] as const;
const COLUMNS = sql.join(CONTACT.map((name) => sql.ref(name)));

function contactSet(dialect: Dialect, writes: readonly { after: Matched }[]): RawBuilder<unknown> {
  const rows = writes.map(({ after }) => ({
    id: after.id,
    external_id: after.externalId,
    attributes: JSON.stringify(after.attributes),
    locale: after.locale,
    country: after.country,
    time_zone: after.timeZone,
    time_zone_source: after.timeZoneSource,
  }));
  return columnSet(dialect, CONTACT, rows);
}

const tagSet = (dialect: Dialect, rows: readonly { tag: string; contact: string }[]) =>
  columnSet(dialect, ['tag', 'contact'], rows);

/** Those of the first that the second has not, or spells otherwise. */
function addressesNotIn(these: Matched, those: Matched | null) {
  return ADDRESS_KINDS.flatMap((kind) => {
    const one = these.addresses[kind];
    const other = those?.addresses[kind];
    if (!one || (other?.address === one.address && other.hash === one.hash)) return [];
    return { kind, hash: one.hash, address: one.address, contact: these.id };
  });
}

function tagsNotIn(these: Matched, those: Matched | null) {
  return [...these.tags].flatMap((tag) => (those?.tags.has(tag) ? [] : { tag, contact: these.id }));
}
