import { hash } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { type Actor, adminEvent } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import type { Database } from '../../db/open.ts';
import type { TemplateTable, TemplateVersionTable } from '../../db/schema/templates.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Owner, TemplateContent } from './template.ts';

export type TemplateRow = Selectable<TemplateTable>;
export type VersionRow = Selectable<TemplateVersionTable>;

/** A template with its newest version. */
export interface NewestRow {
  template: TemplateRow;
  version: VersionRow;
}

export const MAX_TEMPLATES = 1_000;
export const MAX_VERSIONS = 500;

export type Created = { kind: 'created'; row: NewestRow } | { kind: 'name_taken' } | { kind: 'too_many' };

/** Its content must compile. `id`: a rerun of the same request makes the same one. */
export async function createTemplate(
  db: Database,
  owner: Owner,
  { name, content }: { name: string; content: TemplateContent },
  author: Actor,
  now: number,
  id: string,
): Promise<Created> {
  const template: TemplateRow = {
    ...{ id, project_id: owner.project, mode: owner.mode, name },
    ...{ created_at: now, updated_at: now, archived_at: null },
  };
  const version = newVersion(id, 1, content, author, now);
  try {
    return await writeTransaction(db, { durable: true }, async (trx): Promise<Created> => {
      const known = await owned(trx, owner).where('id', '=', id).executeTakeFirst();
      if (known) return { kind: 'created', row: { template: known, version: await readVersion(trx, id, 1) } };
      if ((await countTemplates(trx, owner)) >= MAX_TEMPLATES) return { kind: 'too_many' };
      await trx.insertInto('templates').values(template).execute();
      await trx.insertInto('template_versions').values(version).execute();
      const data = { template_id: id, name, version: 1, digest: digestOf(content) };
      await insertEvents(trx, [adminEvent('template.created', owner.project, author, now, data)]);
      return { kind: 'created', row: { template, version } };
    });
  } catch (error) {
    if (isUniqueViolation(error)) return { kind: 'name_taken' };
    throw error;
  }
}

export type Added = { kind: 'added'; row: NewestRow } | { kind: 'not_found' } | { kind: 'too_many' };

/** What those before say stays. */
export function addVersion(
  db: Database,
  owner: Owner,
  id: string,
  content: TemplateContent,
  author: Actor,
  now: number,
): Promise<Added> {
  return writeTransaction(db, { durable: true }, async (trx): Promise<Added> => {
    // Also the lock under which versions are numbered.
    const template = await trx
      .updateTable('templates')
      .set({ updated_at: now })
      .where('id', '=', id)
      .where('project_id', '=', owner.project)
      .where('mode', '=', owner.mode)
      .where('archived_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (!template) return { kind: 'not_found' };
    const last = (await newestVersions(trx, [id])).get(id);
    // The same words again are no other version: a repeated request makes none.
    if (last?.content === JSON.stringify(content)) return { kind: 'added', row: { template, version: last } };
    const number = (last?.version ?? 0) + 1;
    if (number > MAX_VERSIONS) return { kind: 'too_many' };
    const version = newVersion(id, number, content, author, now);
    await trx.insertInto('template_versions').values(version).execute();
    const data = { template_id: id, version: number, digest: digestOf(content) };
    await insertEvents(trx, [adminEvent('template.updated', owner.project, author, now, data)]);
    return { kind: 'added', row: { template, version } };
  });
}

/** Its name is free again; what pinned a version of it still has that. False when there was none. */
export function archiveTemplate(db: Database, owner: Owner, id: string, actor: Actor, now: number): Promise<boolean> {
  return writeTransaction(db, { durable: true }, async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('templates')
      .set({ archived_at: now, updated_at: now })
      .where('id', '=', id)
      .where('project_id', '=', owner.project)
      .where('mode', '=', owner.mode)
      .where('archived_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await insertEvents(trx, [adminEvent('template.deleted', owner.project, actor, now, { template_id: id })]);
    return true;
  });
}

/** Newest first, of those in use. */
export async function listTemplates(
  db: Kysely<Schema>,
  owner: Owner,
  { before, limit }: { before: { at: number; id: string } | null; limit: number },
): Promise<NewestRow[]> {
  let query = owned(db, owner).where('archived_at', 'is', null);
  if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before.at, before.id)));
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  const newest = await newestVersions(
    db,
    rows.map(({ id }) => id),
  );
  return rows.flatMap((template) => {
    const version = newest.get(template.id);
    return version ? [{ template, version }] : [];
  });
}

/** Without a version: the newest. Archived ones are found too: what was sent by them can be looked up. */
export async function findVersion(
  db: Kysely<Schema>,
  owner: Owner,
  id: string,
  version: number | null,
): Promise<NewestRow | null> {
  const template = await owned(db, owner).where('id', '=', id).executeTakeFirst();
  if (!template) return null;
  const all = db.selectFrom('template_versions').selectAll().where('template_id', '=', id);
  const wanted = version === null ? all.orderBy('version', 'desc').limit(1) : all.where('version', '=', version);
  const found = await wanted.executeTakeFirst();
  return found ? { template, version: found } : null;
}

/** Newest first, below `before`. Null when there is no such template. */
export async function listVersions(
  db: Kysely<Schema>,
  owner: Owner,
  id: string,
  { before, limit }: { before: number | null; limit: number },
): Promise<VersionRow[] | null> {
  if (!(await owned(db, owner).where('id', '=', id).executeTakeFirst())) return null;
  const all = db.selectFrom('template_versions').selectAll().where('template_id', '=', id);
  const page = before === null ? all : all.where('version', '<', before);
  return page.orderBy('version', 'desc').limit(limit).execute();
}

function owned(db: Kysely<Schema>, { project, mode }: Owner) {
  return db.selectFrom('templates').selectAll().where('project_id', '=', project).where('mode', '=', mode);
}

function readVersion(trx: Transaction<Schema>, id: string, version: number): Promise<VersionRow> {
  return trx
    .selectFrom('template_versions')
    .selectAll()
    .where('template_id', '=', id)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
}

async function newestVersions(db: Kysely<Schema>, ids: readonly string[]): Promise<Map<string, VersionRow>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('template_versions as v')
    .selectAll('v')
    .where('v.template_id', 'in', ids)
    .where(({ eb, selectFrom }) =>
      eb(
        'v.version',
        '=',
        selectFrom('template_versions as o')
          .select(({ fn }) => fn.max('o.version').as('newest'))
          .whereRef('o.template_id', '=', 'v.template_id'),
      ),
    )
    .execute();
  return new Map(rows.map((row) => [row.template_id, row]));
}

async function countTemplates(trx: Transaction<Schema>, { project, mode }: Owner): Promise<number> {
  const row = await trx
    .selectFrom('templates')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('archived_at', 'is', null)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

function newVersion(id: string, version: number, content: TemplateContent, author: Actor, now: number): VersionRow {
  return {
    ...{ template_id: id, version, content: JSON.stringify(content), status: 'draft', author: author.id },
    ...{ submitted_by: null, submitted_at: null, reviewed_by: null, reviewed_at: null, reason: null },
    created_at: now,
  };
}

/** Shows later which words they were without repeating them. */
function digestOf(content: TemplateContent): string {
  return hash('sha256', canonicalJson(content), 'base64url');
}
