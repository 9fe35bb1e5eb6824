import type { Kysely } from 'kysely';
import { adminEvent } from '../../audit/admin-event.ts';
import type { EventType } from '../../audit/event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { forUpdate } from '../../db/locking.ts';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { By } from '../contacts/change-contacts.ts';
import type { Owner } from '../contacts/contact.ts';
import type { Place } from '../contacts/contacts-table.ts';
import type { AutomationRow, Definition } from './automation.ts';
import type { OpenAutomation } from './enter.ts';

/** An automation and what its newest version says. */
export interface Automation {
  row: AutomationRow;
  definition: Definition;
}

export async function findAutomation(db: Kysely<Schema>, owner: Owner, id: string): Promise<Automation | null> {
  const row = await selectAutomations(db, owner).where('a.id', '=', id).executeTakeFirst();
  return row ? toAutomation(row) : null;
}

/** One that takes webhooks, whosesoever. */
export async function findHooked(db: Kysely<Schema>, id: string): Promise<Automation | null> {
  const row = await selectAll(db).where('a.id', '=', id).executeTakeFirst();
  const automation = row ? toAutomation(row) : null;
  return automation?.definition.trigger.type === 'webhook' ? automation : null;
}

export async function listAutomations(
  db: Kysely<Schema>,
  owner: Owner,
  before: Place | null,
  limit: number,
): Promise<Automation[]> {
  let query = selectAutomations(db, owner);
  if (before) query = query.where((eb) => eb(eb.refTuple('a.created_at', 'a.id'), '<', eb.tuple(before.at, before.id)));
  const rows = await query.orderBy('a.created_at', 'desc').orderBy('a.id', 'desc').limit(limit).execute();
  return rows.map(toAutomation);
}

export function toOpen({ row: { id, version, project_id: project, mode }, definition }: Automation): OpenAutomation {
  return { id, version, owner: { project, mode }, definition };
}

/** One made before by the same id is what is answered. Null: there are `most` of them. */
export function createAutomation(
  db: Database,
  { owner, actor }: By,
  { id, name, definition }: { id: string; name: string; definition: Definition },
  now: number,
  most: number,
): Promise<Automation | null> {
  return writeTransaction(db, {}, async (trx) => {
    const before = await findAutomation(trx, owner, id);
    if (before) return before;
    if ((await count(trx, owner)) >= most) return null;
    const row: AutomationRow = {
      ...{ id, project_id: owner.project, mode: owner.mode, name, status: 'draft', version: 1, secret_number: 1 },
      ...{ scan_day: null, scan_after: null, scan_at: null, created_at: now, updated_at: now, archived_at: null },
    };
    await trx.insertInto('automations').values(row).execute();
    await trx
      .insertInto('automation_versions')
      .values(versionOf(row, definition, actor.id, now))
      .execute();
    const data = { automation_id: id, name };
    await insertEvents(trx, [adminEvent('automation.created', owner.project, actor, now, data)]);
    return { row, definition };
  });
}

async function count(db: Kysely<Schema>, { project, mode }: Owner): Promise<number> {
  const { rows } = await db
    .selectFrom('automations')
    .select((eb) => eb.fn.countAll<number>().as('rows'))
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .where('archived_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(rows);
}

const MAX_VERSIONS = 500;

/** With a definition it is a new version: who enters from now on goes by it. */
export function changeAutomation(
  db: Database,
  { owner, actor }: By,
  id: string,
  { name, definition }: { name?: string; definition?: Definition },
  now: number,
): Promise<Automation | 'too_many' | null> {
  return writeTransaction(db, {}, async (trx) => {
    await lock(trx, db.dialect, owner, id);
    const before = await findAutomation(trx, owner, id);
    if (!before) return null;
    if (definition && before.row.version >= MAX_VERSIONS) return 'too_many';
    const row: AutomationRow = {
      ...before.row,
      ...(name !== undefined && { name }),
      ...(definition && { version: before.row.version + 1, ...scanOf(before.row.status, definition, now) }),
      updated_at: Math.max(now, before.row.updated_at + 1),
    };
    const { id: _, ...change } = row;
    await trx.updateTable('automations').set(change).where('id', '=', id).execute();
    if (definition) {
      await trx
        .insertInto('automation_versions')
        .values(versionOf(row, definition, actor.id, now))
        .execute();
    }
    const changed = [...(name === undefined ? [] : ['name']), ...(definition ? ['definition'] : [])];
    const data = { automation_id: id, changed, version: row.version };
    await insertEvents(trx, [adminEvent('automation.updated', owner.project, actor, now, data)]);
    return { row, definition: definition ?? before.definition };
  });
}

export type Control = 'start' | 'pause' | 'resume' | 'stop';

const CONTROLS: Record<Control, { from: AutomationRow['status'][]; to: AutomationRow['status']; event: EventType }> = {
  start: { from: ['draft', 'stopped'], to: 'active', event: 'automation.started' },
  pause: { from: ['active'], to: 'paused', event: 'automation.paused' },
  resume: { from: ['paused'], to: 'active', event: 'automation.resumed' },
  stop: { from: ['active', 'paused'], to: 'stopped', event: 'automation.stopped' },
};

export type Controlled =
  | { kind: 'done'; automation: Automation }
  | { kind: 'not_found' }
  | { kind: 'wrong_state'; status: AutomationRow['status'] | 'stopping' };

/** No step of it is done any more that has not been; `tendRuns` ends or wakes those that are in it. */
export function controlAutomation(
  db: Database,
  { owner, actor }: By,
  id: string,
  control: Control,
  now: number,
): Promise<Controlled> {
  const { from, to, event } = CONTROLS[control];
  return writeTransaction(db, {}, async (trx): Promise<Controlled> => {
    await lock(trx, db.dialect, owner, id);
    const before = await findAutomation(trx, owner, id);
    if (!before) return { kind: 'not_found' };
    const { status } = before.row;
    // Nobody whose run was stopped goes on because it is started again.
    const isStopping = status === 'stopped' && (await hasRuns(trx, id));
    if (!from.includes(status) || isStopping) return { kind: 'wrong_state', status: isStopping ? 'stopping' : status };
    const change = {
      status: to,
      ...scanOf(to, before.definition, now),
      updated_at: Math.max(now, before.row.updated_at + 1),
    };
    await trx.updateTable('automations').set(change).where('id', '=', id).execute();
    await insertEvents(trx, [adminEvent(event, owner.project, actor, now, { automation_id: id })]);
    return { kind: 'done', automation: { ...before, row: { ...before.row, ...change } } };
  });
}

async function hasRuns(db: Kysely<Schema>, id: string): Promise<boolean> {
  const runs = db.selectFrom('automation_runs').select('id').where('automation_id', '=', id);
  return (await runs.where('status', '=', 'running').limit(1).executeTakeFirst()) !== undefined;
}

/** Those in it are ended; what they did stays readable as long as runs are kept. */
export function deleteAutomation(db: Database, { owner, actor }: By, id: string, now: number): Promise<boolean> {
  return writeTransaction(db, {}, async (trx) => {
    await lock(trx, db.dialect, owner, id);
    const before = await findAutomation(trx, owner, id);
    if (!before) return false;
    await trx
      .updateTable('automations')
      .set({ status: 'stopped', archived_at: now, scan_at: null, updated_at: Math.max(now, before.row.updated_at + 1) })
      .where('id', '=', id)
      .execute();
    const data = { automation_id: id, name: before.row.name };
    await insertEvents(trx, [adminEvent('automation.deleted', owner.project, actor, now, data)]);
    return true;
  });
}

/** From now on its webhook takes another secret only. */
export function rotateHookSecret(
  db: Database,
  { owner, actor }: By,
  id: string,
  now: number,
): Promise<AutomationRow | null> {
  return writeTransaction(db, {}, async (trx) => {
    await lock(trx, db.dialect, owner, id);
    const before = await findAutomation(trx, owner, id);
    if (!before) return null;
    const secret_number = before.row.secret_number + 1;
    await trx.updateTable('automations').set({ secret_number }).where('id', '=', id).execute();
    await insertEvents(trx, [
      adminEvent('automation.secret_rotated', owner.project, actor, now, { automation_id: id }),
    ]);
    return { ...before.row, secret_number };
  });
}

/** Whom a date trigger lets in is looked for as long as the automation is active. */
function scanOf(status: AutomationRow['status'], { trigger }: Definition, now: number) {
  const isScanned = status === 'active' && trigger.type === 'date';
  return { scan_day: null, scan_after: null, scan_at: isScanned ? now : null };
}

function versionOf({ id, version }: AutomationRow, definition: Definition, author: string, now: number) {
  return { automation_id: id, version, definition: JSON.stringify(definition), author, created_at: now };
}

function selectAutomations(db: Kysely<Schema>, { project, mode }: Owner) {
  return selectAll(db).where('a.project_id', '=', project).where('a.mode', '=', mode);
}

/** But those that were deleted. */
export function selectAll(db: Kysely<Schema>) {
  return db
    .selectFrom('automations as a')
    .innerJoin('automation_versions as v', (join) =>
      join.onRef('v.automation_id', '=', 'a.id').onRef('v.version', '=', 'a.version'),
    )
    .selectAll('a')
    .select('v.definition')
    .where('a.archived_at', 'is', null);
}

export function toAutomation({ definition, ...row }: AutomationRow & { definition: string }): Automation {
  return { row, definition: JSON.parse(definition) as Definition };
}

async function lock(db: Kysely<Schema>, dialect: Database['dialect'], owner: Owner, id: string): Promise<void> {
  const query = db
    .selectFrom('automations')
    .select('id')
    .where('id', '=', id)
    .where('project_id', '=', owner.project)
    .where('mode', '=', owner.mode);
  await forUpdate(dialect, query).execute();
}
