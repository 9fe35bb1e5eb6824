import type { Kysely, Selectable, Transaction } from 'kysely';
import { type Actor, adminEvent } from '../audit/admin-event.ts';
import type { Mode } from '../audit/event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { Database } from '../db/open.ts';
import type { ApiKeyTable, Schema } from '../db/schema.ts';
import { writeTransaction } from '../db/transaction.ts';
import { SCOPES, type Scope } from '../lib/auth.ts';
import { toTimestamp } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import { apiKeyPrefix, hashApiKey, newApiKey } from './api-key.ts';
import type { Place } from './place.ts';

/** What is kept and shown of a key; the key itself is shown once, when it is made. */
export interface KeyRecord {
  id: string;
  project: string;
  mode: Mode;
  name: string;
  prefix: string;
  scopes: readonly Scope[];
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
}

export interface NewKey {
  project: string;
  mode: Mode;
  name: string;
  scopes: readonly Scope[];
  expiresAt: number | null;
}

/** What a new key may do unless told otherwise. The rest undoes protections, so it is asked for by name. */
export const ASKED_FOR_BY_NAME: ReadonlySet<Scope> = new Set([
  'admin',
  'recipients:write',
  'settings:write',
  'audit:unmask',
  'privacy:write',
  'templates:review',
]);
export const DEFAULT_SCOPES = SCOPES.filter((scope) => !ASKED_FOR_BY_NAME.has(scope));

/** Null when there is no such project. The secret is in the answer only: the database has its hash. */
export async function createKey(
  db: Database,
  input: NewKey,
  actor: Actor,
  now: number,
): Promise<{ key: KeyRecord; secret: string } | null> {
  const secret = newApiKey(input.mode);
  return writeTransaction(db, {}, async (trx) => {
    const project = await trx.selectFrom('projects').select('id').where('id', '=', input.project).executeTakeFirst();
    const key = project && (await insertKey(trx, input, secret, actor, now));
    return key ? { key, secret } : null;
  });
}

/** Null when this key exists already. */
export async function insertKey(
  trx: Transaction<Schema>,
  input: NewKey,
  secret: string,
  actor: Actor,
  now: number,
): Promise<KeyRecord | null> {
  const prefix = apiKeyPrefix(secret);
  const key: KeyRecord = { ...input, id: newId('key'), prefix, createdAt: now, revokedAt: null };
  const inserted = await trx
    .insertInto('api_keys')
    .values({ ...toRow(key), hash: hashApiKey(secret) })
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!inserted) return null;
  const { id, mode, name, scopes, expiresAt } = key;
  const data = { key: id, key_mode: mode, name, prefix, scopes, expires_at: expiresAt && toTimestamp(expiresAt) };
  await insertEvents(trx, [adminEvent('key.created', key.project, actor, now, data)]);
  return key;
}

export async function findKey(db: Kysely<Schema>, id: string): Promise<KeyRecord | null> {
  const row = await db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toKey(row) : null;
}

/** Newest first. */
export async function listKeys(
  db: Kysely<Schema>,
  project: string,
  before: Place | null,
  limit: number,
): Promise<KeyRecord[]> {
  let query = db.selectFrom('api_keys').selectAll().where('project_id', '=', project);
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return rows.map(toKey);
}

/** Null when there is no such key. Revoking twice keeps the first time and is no second event. */
export async function revokeKey(db: Database, id: string, actor: Actor, now: number): Promise<KeyRecord | null> {
  return writeTransaction(db, {}, async (trx) => {
    const revoked = await trx
      .updateTable('api_keys')
      .set({ revoked_at: now })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (!revoked) return findKey(trx, id);
    const data = { key: id, prefix: revoked.prefix };
    await insertEvents(trx, [adminEvent('key.revoked', revoked.project_id, actor, now, data)]);
    return toKey(revoked);
  });
}

function toKey(row: Selectable<ApiKeyTable>): KeyRecord {
  return {
    id: row.id,
    project: row.project_id,
    mode: row.mode,
    name: row.name,
    prefix: row.prefix,
    scopes: JSON.parse(row.scopes),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

function toRow(key: KeyRecord): Omit<ApiKeyTable, 'hash'> {
  return {
    id: key.id,
    project_id: key.project,
    mode: key.mode,
    name: key.name,
    prefix: key.prefix,
    scopes: JSON.stringify(key.scopes),
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
  };
}
