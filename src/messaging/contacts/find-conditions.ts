import type { KeyObject } from 'node:crypto';
import { type Expression, type SqlBool, sql } from 'kysely';
import type { Static } from 'typebox';
import { analyzeNew } from '../../db/analyze-new.ts';
import type { Database } from '../../db/open.ts';
import { Problem } from '../../lib/errors.ts';
import { type AudienceParts, audience, FILTERED_TABLES } from './audience.ts';
import { ADDRESS_KINDS, type Owner } from './contact.ts';
import { readAddress } from './read-address.ts';
import type { ContactsQuery } from './views.ts';

type Query = Omit<Static<typeof ContactsQuery>, 'limit' | 'cursor'>;

/** What the parameters of a list of contacts mean. Throws the problem where they mean nothing. */
export async function conditionsOf(
  { db, hashKey, now }: { db: Database; hashKey: KeyObject; now: number },
  owner: Owner,
  query: Query,
): Promise<Expression<SqlBool>[]> {
  const conditions: Expression<SqlBool>[] = [];
  if (query.external_id !== undefined) conditions.push(sql`contacts.external_id = ${query.external_id}`);
  if (query.address !== undefined) {
    // A `+` that was not percent-encoded arrives as a space.
    const address = query.address.replace(/^ /, '+');
    const hashes = ADDRESS_KINDS.flatMap((kind) => readAddress(hashKey, kind, address)?.hash ?? []);
    if (hashes.length === 0) {
      throw new Problem('invalid_request', { errors: [{ pointer: 'address', message: 'is not an address' }] });
    }
    conditions.push(sql`contacts.id in (
      select contact_id from contact_addresses
      where project_id = ${owner.project} and mode = ${owner.mode} and address_hash in (${sql.join(hashes)})
    )`);
  }
  const wanted: AudienceParts[] = [
    ...(query.tag === undefined ? [] : [{ tags: [query.tag] }]),
    ...(query.list_id === undefined ? [] : [{ lists: [query.list_id] }]),
    ...(query.segment_id === undefined ? [] : [{ segments: [query.segment_id] }]),
  ];
  if (wanted.length > 0) await analyzeNew(db, FILTERED_TABLES);
  for (const parts of wanted) {
    const condition = await audience(db, owner, parts, now);
    if ('missing' in condition) throw new Problem('not_found');
    conditions.push(condition);
  }
  return conditions;
}
