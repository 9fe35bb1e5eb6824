import type { Kysely } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import type { Owner } from '../contacts/contact.ts';
import type { Place } from '../contacts/contacts-table.ts';
import { type AutomationRow, type Definition, nameOfStep, type RunRow, type StepRow } from './automation.ts';

/** A run with what is to be known to say where it is. */
export interface Run {
  row: RunRow;
  /** The name of the step that is next; null when there is none. */
  next: string | null;
  automationStatus: AutomationRow['status'];
}

export interface RunFilter {
  status?: RunRow['status'] | undefined;
  contactId?: string | undefined;
}

/** Newest first. */
export async function listRuns(
  db: Kysely<Schema>,
  owner: Owner,
  automation: string,
  { status, contactId }: RunFilter,
  before: Place | null,
  limit: number,
): Promise<Run[]> {
  const automationStatus = await findStatus(db, owner, automation);
  if (automationStatus === null) return [];
  // Of the automation, and so of its owner: said twice, Postgres without statistics would sort all of them.
  let query = db.selectFrom('automation_runs').selectAll().where('automation_id', '=', automation);
  if (status !== undefined) query = query.where('status', '=', status);
  if (contactId !== undefined) query = query.where('contact_id', '=', contactId);
  if (before) query = query.where((eb) => eb(eb.refTuple('entered_at', 'id'), '<', eb.tuple(before.at, before.id)));
  const rows = await query.orderBy('entered_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return toRuns(db, automation, automationStatus, rows);
}

export async function findRun(
  db: Kysely<Schema>,
  owner: Owner,
  automation: string,
  id: string,
): Promise<{ run: Run; steps: StepRow[] } | null> {
  const automationStatus = await findStatus(db, owner, automation);
  if (automationStatus === null) return null;
  const query = db
    .selectFrom('automation_runs')
    .selectAll()
    .where('id', '=', id)
    .where('automation_id', '=', automation);
  const [run] = await toRuns(db, automation, automationStatus, await query.execute());
  if (!run) return null;
  const steps = await db
    .selectFrom('automation_steps')
    .selectAll()
    .where('run_id', '=', id)
    .orderBy('number')
    .execute();
  return { run, steps };
}

export interface AutomationFigures {
  runs: Record<RunRow['status'], number>;
  refused: Record<string, number>;
}

export async function countRuns(db: Kysely<Schema>, automation: string): Promise<AutomationFigures> {
  const counted = await db
    .selectFrom('automation_runs')
    .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
    .where('automation_id', '=', automation)
    .groupBy('status')
    .execute();
  const refused = await db
    .selectFrom('automation_refusals')
    .select(['reason', 'count'])
    .where('automation_id', '=', automation)
    .orderBy('reason')
    .execute();
  const runs = { running: 0, completed: 0, stopped: 0, failed: 0 };
  for (const { status, count } of counted) runs[status] = Number(count);
  return { runs, refused: Object.fromEntries(refused.map(({ reason, count }) => [reason, Number(count)])) };
}

async function findStatus(
  db: Kysely<Schema>,
  { project, mode }: Owner,
  automation: string,
): Promise<AutomationRow['status'] | null> {
  const row = await db
    .selectFrom('automations')
    .select('status')
    .where('id', '=', automation)
    .where('project_id', '=', project)
    .where('mode', '=', mode)
    .executeTakeFirst();
  return row?.status ?? null;
}

async function toRuns(
  db: Kysely<Schema>,
  automation: string,
  automationStatus: AutomationRow['status'],
  rows: readonly RunRow[],
): Promise<Run[]> {
  if (rows.length === 0) return [];
  const versions = await db
    .selectFrom('automation_versions')
    .select(['version', 'definition'])
    .where('automation_id', '=', automation)
    .where('version', 'in', [...new Set(rows.map(({ version }) => version))])
    .execute();
  const definitions = new Map(
    versions.map(({ version, definition }) => [version, JSON.parse(definition) as Definition]),
  );
  return rows.map((row) => {
    const definition = definitions.get(row.version);
    const isOver = row.ended_at !== null || !definition || row.position >= definition.steps.length;
    return { row, automationStatus, next: isOver ? null : nameOfStep(definition, row.position) };
  });
}
