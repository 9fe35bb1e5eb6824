import { hash } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { type Actor, adminEvent } from '../audit/admin-event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { Database } from '../db/open.ts';
import type { ProjectTable, Schema } from '../db/schema.ts';
import { writeTransaction } from '../db/transaction.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { Place } from './place.ts';

/** The policy's overrides; what it does not name has its default. */
export type PolicyOverrides = Record<string, unknown>;

export interface Project {
  id: string;
  name: string;
  policy: PolicyOverrides;
  createdAt: number;
  updatedAt: number;
}

export async function insertProject(
  trx: Transaction<Schema>,
  input: Pick<Project, 'id' | 'name' | 'policy'>,
  actor: Actor,
  now: number,
): Promise<Project> {
  const project = { ...input, createdAt: now, updatedAt: now };
  await trx.insertInto('projects').values(toRow(project)).execute();
  const data = { name: project.name, policy: policyDigest(project.policy) };
  await insertEvents(trx, [adminEvent('project.created', project.id, actor, now, data)]);
  return project;
}

export async function findProject(db: Kysely<Schema>, id: string): Promise<Project | null> {
  const row = await db.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toProject(row) : null;
}

/** Oldest first, after the given place. */
export async function listProjects(db: Kysely<Schema>, after: Place | null, limit: number): Promise<Project[]> {
  let query = db.selectFrom('projects').selectAll();
  if (after) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(after.at, after.id)));
  const rows = await query.orderBy('created_at').orderBy('id').limit(limit).execute();
  return rows.map(toProject);
}

/** Null when there is no such project. `change` may throw: nothing is changed then. */
export async function updateProject(
  db: Database,
  id: string,
  change: (before: Project) => { name?: string; policy?: PolicyOverrides },
  actor: Actor,
  now: number,
): Promise<Project | null> {
  return writeTransaction(db, {}, async (trx) => {
    // Writing first takes the row's lock on both dialects: two changes follow one another and neither is lost.
    const row = await trx
      .updateTable('projects')
      .set({ updated_at: now })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (!row) return null;
    const before = toProject(row);
    const after: Project = { ...before, ...change(before) };
    await trx.updateTable('projects').set(toRow(after)).where('id', '=', id).execute();
    const data = {
      changed: changedMembers(before, after),
      policy_before: policyDigest(before.policy),
      policy_after: policyDigest(after.policy),
    };
    await insertEvents(trx, [adminEvent('project.updated', id, actor, now, data)]);
    return after;
  });
}

function changedMembers(before: Project, after: Project): string[] {
  const members = new Set([...Object.keys(before.policy), ...Object.keys(after.policy)]);
  const policy = [...members].filter(
    (member) => canonicalJson(before.policy[member]) !== canonicalJson(after.policy[member]),
  );
  return [...(before.name === after.name ? [] : ['name']), ...policy.map((member) => `policy.${member}`)];
}

/** Shows later which policy was in force without repeating it. */
export function policyDigest(policy: PolicyOverrides): string {
  return hash('sha256', canonicalJson(policy), 'base64url');
}

function toProject(row: Selectable<ProjectTable>): Project {
  return {
    id: row.id,
    name: row.name,
    policy: JSON.parse(row.policy),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toRow(project: Project): Selectable<ProjectTable> {
  return {
    id: project.id,
    name: project.name,
    policy: JSON.stringify(project.policy),
    created_at: project.createdAt,
    updated_at: project.updatedAt,
  };
}
