import { hash } from 'node:crypto';
import type { Kysely, Selectable } from 'kysely';
import { type Actor, adminEvent, SYSTEM } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { RoutingTable } from './table-schema.ts';

export interface TableVersion {
  version: number;
  digest: string;
  /** The API key that put it, or `file`. */
  actor: string;
  createdAt: number;
  table: RoutingTable;
}

/** Of tables that come from the configuration file. */
export const FILE = 'file';

/** Where versions are kept. `project`: whose audit log tells of them. */
export interface VersionsPlace {
  db: Database;
  project: string;
}

/**
 * Records the file's table, unless it is the newest already: every instance that starts with the same file gets the
 * same version.
 */
export async function recordFileTable(place: VersionsPlace, table: RoutingTable, now: number): Promise<TableVersion> {
  for (;;) {
    const newest = await newestVersion(place.db.kysely);
    if (newest?.digest === digestOf(table) && newest.actor === FILE) return newest;
    const made = await insertVersion(place, newest, { table, actor: FILE, createdAt: now }, SYSTEM);
    // Another instance was faster, perhaps with the same table.
    if (made) return made;
  }
}

/** Null when somebody else put a table at the same time. */
export async function putTable(
  place: VersionsPlace,
  table: RoutingTable,
  author: Actor,
  now: number,
): Promise<TableVersion | null> {
  const inForce = await newestPut(place.db.kysely);
  if (inForce?.digest === digestOf(table)) return inForce;
  const newest = await newestVersion(place.db.kysely);
  return insertVersion(place, newest, { table, actor: author.id, createdAt: now }, author);
}

async function insertVersion(
  { db, project }: VersionsPlace,
  before: TableVersion | null,
  input: Omit<TableVersion, 'version' | 'digest'>,
  author: Actor,
): Promise<TableVersion | null> {
  const made = { version: (before?.version ?? 0) + 1, digest: digestOf(input.table), ...input };
  const { version, digest, actor, createdAt } = made;
  const row = { version, digest, body: JSON.stringify(made.table), actor, created_at: createdAt };
  const source = actor === FILE ? 'file' : 'api';
  const data = { version, source, digest, digest_before: before?.digest ?? null };
  try {
    await writeTransaction(db, { durable: true }, async (trx) => {
      await trx.insertInto('routing_tables').values(row).execute();
      await insertEvents(trx, [adminEvent('routes.updated', project, author, createdAt, data)]);
    });
    return made;
  } catch (error) {
    if (isUniqueViolation(error)) return null;
    throw error;
  }
}

function newestVersion(db: Kysely<Schema>): Promise<TableVersion | null> {
  return first(db.selectFrom('routing_tables').selectAll().orderBy('version', 'desc').limit(1));
}

/** The one in force where no file says otherwise. `after`: null unless there is a later one. */
export function newestPut(db: Kysely<Schema>, after = 0): Promise<TableVersion | null> {
  return first(
    db
      .selectFrom('routing_tables')
      .selectAll()
      .where('actor', '!=', FILE)
      .where('version', '>', after)
      .orderBy('version', 'desc')
      .limit(1),
  );
}

export function findVersion(db: Kysely<Schema>, version: number): Promise<TableVersion | null> {
  return first(db.selectFrom('routing_tables').selectAll().where('version', '=', version));
}

/** Newest first, below the given one. */
export async function listVersions(db: Kysely<Schema>, below: number | null, limit: number): Promise<TableVersion[]> {
  let query = db.selectFrom('routing_tables').selectAll();
  if (below !== null) query = query.where('version', '<', below);
  return (await query.orderBy('version', 'desc').limit(limit).execute()).map(toVersion);
}

type Row = Selectable<Schema['routing_tables']>;

async function first(query: { executeTakeFirst(): Promise<Row | undefined> }): Promise<TableVersion | null> {
  const row = await query.executeTakeFirst();
  return row ? toVersion(row) : null;
}

function toVersion({ version, digest, actor, created_at, body }: Row): TableVersion {
  return { version, digest, actor, createdAt: created_at, table: JSON.parse(body) };
}

export function digestOf(table: RoutingTable): string {
  return hash('sha256', canonicalJson(table), 'base64url');
}
