import { randomBytes } from 'node:crypto';
import type { Kysely, Selectable } from 'kysely';
import { type Actor, adminEvent } from '../audit/admin-event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { Database } from '../db/open.ts';
import type { OriginTable, Schema } from '../db/schema.ts';
import { writeTransaction } from '../db/transaction.ts';

/** A page's host, and who says that it is the project's. */
export interface Origin {
  host: string;
  token: string;
  verifiedBy: 'dns' | 'https' | 'vouched' | null;
  verifiedAt: number | null;
  createdAt: number;
}

export interface AndroidApp {
  hash: string;
  createdAt: number;
}

/** Of each kind, per project. */
export const MAX_IDENTITIES = 100;

export async function listOrigins(db: Kysely<Schema>, project: string): Promise<Origin[]> {
  const rows = await db.selectFrom('origins').selectAll().where('project_id', '=', project).orderBy('host').execute();
  return rows.map(toOrigin);
}

export async function listAndroidApps(db: Kysely<Schema>, project: string): Promise<AndroidApp[]> {
  const rows = await db.selectFrom('android_apps').selectAll().where('project_id', '=', project).execute();
  return rows.map((row) => ({ hash: row.hash, createdAt: row.created_at }));
}

export async function findOrigin(db: Kysely<Schema>, project: string, host: string): Promise<Origin | null> {
  const row = await db
    .selectFrom('origins')
    .selectAll()
    .where('project_id', '=', project)
    .where('host', '=', host)
    .executeTakeFirst();
  return row ? toOrigin(row) : null;
}

/** The one there is, if there is one. Null: the project has as many as it may have. */
export async function addOrigin(
  db: Database,
  project: string,
  host: string,
  actor: Actor,
  now: number,
): Promise<Origin | null> {
  return writeTransaction(db, { durable: true }, async (trx) => {
    const before = await findOrigin(trx, project, host);
    if (before) return before;
    if ((await listOrigins(trx, project)).length >= MAX_IDENTITIES) return null;
    const token = randomBytes(24).toString('base64url');
    const row = { project_id: project, host, token, verified_by: null, verified_at: null, created_at: now };
    await trx
      .insertInto('origins')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await insertEvents(trx, [adminEvent('origin.added', project, actor, now, { host })]);
    return findOrigin(trx, project, host);
  });
}

/** Null when it was deleted meanwhile. */
export async function markVerified(
  db: Database,
  project: string,
  host: string,
  by: NonNullable<Origin['verifiedBy']>,
  actor: Actor,
  now: number,
): Promise<Origin | null> {
  return writeTransaction(db, { durable: true }, async (trx) => {
    const row = await trx
      .updateTable('origins')
      .set({ verified_by: by, verified_at: now })
      .where('project_id', '=', project)
      .where('host', '=', host)
      .returningAll()
      .executeTakeFirst();
    if (!row) return null;
    await insertEvents(trx, [adminEvent('origin.verified', project, actor, now, { host, by })]);
    return toOrigin(row);
  });
}

export async function deleteOrigin(
  db: Database,
  project: string,
  host: string,
  actor: Actor,
  now: number,
): Promise<boolean> {
  return writeTransaction(db, { durable: true }, async (trx) => {
    const deleted = await trx
      .deleteFrom('origins')
      .where('project_id', '=', project)
      .where('host', '=', host)
      .returning('host')
      .executeTakeFirst();
    if (!deleted) return false;
    await insertEvents(trx, [adminEvent('origin.deleted', project, actor, now, { host })]);
    return true;
  });
}

/** The one there is, if there is one. Null: the project has as many as it may have. */
export async function addAndroidApp(
  db: Database,
  project: string,
  hash: string,
  actor: Actor,
  now: number,
): Promise<AndroidApp | null> {
  return writeTransaction(db, { durable: true }, async (trx) => {
    const before = await listAndroidApps(trx, project);
    const known = before.find((app) => app.hash === hash);
    if (known) return known;
    if (before.length >= MAX_IDENTITIES) return null;
    await trx
      .insertInto('android_apps')
      .values({ project_id: project, hash, created_at: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await insertEvents(trx, [adminEvent('android_app.added', project, actor, now, { hash })]);
    return { hash, createdAt: now };
  });
}

export async function deleteAndroidApp(
  db: Database,
  project: string,
  hash: string,
  actor: Actor,
  now: number,
): Promise<boolean> {
  return writeTransaction(db, { durable: true }, async (trx) => {
    const deleted = await trx
      .deleteFrom('android_apps')
      .where('project_id', '=', project)
      .where('hash', '=', hash)
      .returning('hash')
      .executeTakeFirst();
    if (!deleted) return false;
    await insertEvents(trx, [adminEvent('android_app.deleted', project, actor, now, { hash })]);
    return true;
  });
}

function toOrigin(row: Selectable<OriginTable>): Origin {
  const { host, token, verified_by: verifiedBy, verified_at: verifiedAt, created_at: createdAt } = row;
  return { host, token, verifiedBy, verifiedAt, createdAt };
}
