import { sql, type Transaction } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import { among, rowSet } from '../../db/row-set.ts';
import type { Schema } from '../../db/schema.ts';
import {
  type AddressKind,
  type AttributeValue,
  addressKey,
  type ContactDraft,
  type DraftAddress,
  externalKey,
  type Owner,
} from './contact.ts';

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
    const given = rowSet(
      dialect,
      { external_id: 'text' },
      externalIds.map((id) => ({ external_id: id })),
    );
    const { rows } = await sql<{ id: string; external_id: string }>`
      select c.id, c.external_id from ${given}
      cross join contacts c
      where c.project_id = ${project} and c.mode = ${mode} and c.external_id = r.external_id
        and ${among(dialect, 'c.external_id', externalIds)}
    `.execute(trx);
    for (const { id, external_id } of rows) found.set(externalKey(external_id), id);
  }
  const addresses = drafts.flatMap((draft) =>
    Object.entries(draft.addresses).flatMap(([kind, address]) => (address ? { kind, hash: address.hash } : [])),
  );
  if (addresses.length > 0) {
    const hashes = addresses.map(({ hash }) => hash);
    const { rows } = await sql<{ kind: AddressKind; address_hash: string; contact_id: string }>`
      select a.kind, a.address_hash, a.contact_id
      from ${rowSet(dialect, { kind: 'text', hash: 'text' }, addresses)}
      cross join contact_addresses a
      where a.project_id = ${project} and a.mode = ${mode} and a.kind = r.kind and a.address_hash = r.hash
        and ${among(dialect, 'a.address_hash', hashes)}
    `.execute(trx);
    for (const { kind, address_hash, contact_id } of rows) found.set(addressKey(kind, address_hash), contact_id);
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
  const given = rowSet(
    dialect,
    { id: 'text' },
    ids.map((id) => ({ id })),
  );
  const chosen = sql<string>`(select id from ${given})`;
  const rows = await forUpdate(
    dialect,
    trx
      .selectFrom('contacts')
      .selectAll()
      .where('id', 'in', chosen)
      .where(among(dialect, 'id', ids))
      .where('project_id', '=', project)
      .where('mode', '=', mode)
      .orderBy('id'),
  ).execute();
  const addresses = await trx
    .selectFrom('contact_addresses')
    .select(['contact_id', 'kind', 'address', 'address_hash'])
    .where('contact_id', 'in', chosen)
    .where(among(dialect, 'contact_id', ids))
    .execute();
  const tags = await trx
    .selectFrom('contact_tags')
    .select(['contact_id', 'tag'])
    .where('contact_id', 'in', chosen)
    .where(among(dialect, 'contact_id', ids))
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
