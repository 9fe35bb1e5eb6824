import type { Transaction } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import {
  ADDRESS_KINDS,
  type AddressKind,
  type AttributeValue,
  addressKey,
  type ContactDraft,
  type DraftAddress,
  externalKey,
  type Owner,
} from './contact.ts';
import { oneOf } from './one-of.ts';

/** What of a contact a change may need. */
export interface Matched {
  id: string;
  externalId: string | null;
  addresses: Partial<Record<AddressKind, DraftAddress>>;
  attributes: Record<string, AttributeValue>;
  locale: string | null;
  country: string | null;
  timeZone: string | null;
  timeZoneSource: 'given' | 'inferred' | null;
  tags: ReadonlySet<string>;
}

/** The contact by each key that one has. */
export async function findMatches(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  { project, mode }: Owner,
  drafts: readonly Pick<ContactDraft, 'externalId' | 'addresses'>[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const externalIds = [...new Set(drafts.flatMap(({ externalId }) => externalId ?? []))];
  if (externalIds.length > 0) {
    const rows = await trx
      .selectFrom('contacts')
      .select(['id', 'external_id'])
      .where('project_id', '=', project)
      .where('mode', '=', mode)
      .where(oneOf(dialect, 'external_id', externalIds))
      .execute();
    for (const { id, external_id } of rows) found.set(externalKey(external_id ?? ''), id);
  }
  // One kind at a time: with the kind given an index finds each hash.
  for (const kind of ADDRESS_KINDS) {
    const hashes = [...new Set(drafts.flatMap((draft) => draft.addresses[kind]?.hash ?? []))];
    if (hashes.length === 0) continue;
    const rows = await trx
      .selectFrom('contact_addresses')
      .select(['address_hash', 'contact_id'])
      .where('project_id', '=', project)
      .where('mode', '=', mode)
      .where('kind', '=', kind)
      .where(oneOf(dialect, 'address_hash', hashes))
      .execute();
    for (const { address_hash, contact_id } of rows) found.set(addressKey(kind, address_hash), contact_id);
  }
  return found;
}

/** Locked, one after the other in the same order everywhere. */
export async function loadMatched(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  { project, mode }: Owner,
  ids: readonly string[],
): Promise<Map<string, Matched>> {
  if (ids.length === 0) return new Map();
  const rows = await forUpdate(
    dialect,
    trx
      .selectFrom('contacts')
      .selectAll()
      .where(oneOf(dialect, 'id', ids))
      .where('project_id', '=', project)
      .where('mode', '=', mode)
      .orderBy('id'),
  ).execute();
  const addresses = await trx
    .selectFrom('contact_addresses')
    .select(['contact_id', 'kind', 'address', 'address_hash'])
    .where(oneOf(dialect, 'contact_id', ids))
    .execute();
  const tags = await trx
    .selectFrom('contact_tags')
    .select(['contact_id', 'tag'])
    .where(oneOf(dialect, 'contact_id', ids))
    .execute();
  const addressesOf = Map.groupBy(addresses, ({ contact_id }) => contact_id);
  const tagsOf = Map.groupBy(tags, ({ contact_id }) => contact_id);
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        externalId: row.external_id,
        addresses: Object.fromEntries(
          (addressesOf.get(row.id) ?? []).map(({ kind, address, address_hash: hash }) => [kind, { address, hash }]),
        ),
        attributes: JSON.parse(row.attributes) as Matched['attributes'],
        locale: row.locale,
        country: row.country,
        timeZone: row.time_zone,
        timeZoneSource: row.time_zone_source,
        tags: new Set((tagsOf.get(row.id) ?? []).map(({ tag }) => tag)),
      },
    ]),
  );
}
