import type { Kysely, Transaction } from 'kysely';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import type { EndpointOwner, EndpointRow } from './endpoint.ts';

export function findEndpoint(
  db: Kysely<Schema>,
  { project, mode }: EndpointOwner,
  id: string,
): Promise<EndpointRow | undefined> {
  return ownEndpoints(db, project, mode).where('id', '=', id).executeTakeFirst();
}

/** Newest first, before the given place. */
export function listEndpoints(
  db: Kysely<Schema>,
  { project, mode }: EndpointOwner,
  before: { at: number; id: string } | null,
  limit: number,
): Promise<EndpointRow[]> {
  let query = ownEndpoints(db, project, mode);
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

/** For a change: two of them follow one another. */
export function lockEndpoint(
  dialect: Database['dialect'],
  trx: Transaction<Schema>,
  { project, mode }: EndpointOwner,
  id: string,
): Promise<EndpointRow | undefined> {
  return forUpdate(dialect, ownEndpoints(trx, project, mode).where('id', '=', id)).executeTakeFirst();
}

/** Holds the project, so that two endpoints made at once do not both take the last place. */
export async function countEndpoints(
  dialect: Database['dialect'],
  trx: Transaction<Schema>,
  { project, mode }: EndpointOwner,
): Promise<number> {
  await forUpdate(dialect, trx.selectFrom('projects').select('id').where('id', '=', project)).execute();
  return (await ownEndpoints(trx, project, mode).execute()).length;
}

/** Whoever has read the row before sees by `updated_at` that it is another one. */
export async function updateEndpoint(
  trx: Transaction<Schema>,
  row: EndpointRow,
  change: Partial<EndpointRow>,
  now: number,
): Promise<EndpointRow> {
  const after = { ...row, ...change, updated_at: Math.max(now, row.updated_at + 1) };
  await trx.updateTable('webhook_endpoints').set(after).where('id', '=', row.id).execute();
  return after;
}

function ownEndpoints(db: Kysely<Schema>, project: string, mode: EndpointOwner['mode']) {
  return db.selectFrom('webhook_endpoints').selectAll().where('project_id', '=', project).where('mode', '=', mode);
}
