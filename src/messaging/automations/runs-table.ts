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
  let query = selectRuns(db, owner, automation);
  if (status !== undefined) query = query.where('r.status', '=', status);
  if (contactId !== undefined) query = query.where('r.contact_id', '=', contactId);
  if (before) query = query.where((eb) => eb(eb.refTuple('r.entered_at', 'r.id'), '<', eb.tuple(before.at, before.id)));
  const rows = await query.orderBy('r.entered_at', 'desc').orderBy('r.id', 'desc').limit(limit).execute();
  return rows.map(toRun);
}

export async function findRun(
  db: Kysely<Schema>,
  owner: Owner,
  automation: string,
  id: string,
): Promise<{ run: Run; steps: StepRow[] } | null> {
  const row = await selectRuns(db, owner, automation).where('r.id', '=', id).executeTakeFirst();
  if (!row) return null;
  const steps = await db
    .selectFrom('automation_steps')
    .selectAll()
    .where('run_id', '=', id)
    .orderBy('number')
    .execute();
  return { run: toRun(row), steps };
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

function selectRuns(db: Kysely<Schema>, { project, mode }: Owner, automation: string) {
  return db
    .selectFrom('automation_runs as r')
    .innerJoin('automations as a', 'a.id', 'r.automation_id')
    .innerJoin('automation_versions as v', (join) =>
      join.onRef('v.automation_id', '=', 'r.automation_id').onRef('v.version', '=', 'r.version'),
    )
    .selectAll('r')
    .select(['a.status as automation_status', 'v.definition'])
    .where('r.automation_id', '=', automation)
    .where('r.project_id', '=', project)
    .where('r.mode', '=', mode);
}

function toRun({
  automation_status: automationStatus,
  definition: text,
  ...row
}: RunRow & { automation_status: AutomationRow['status']; definition: string }): Run {
  const definition = JSON.parse(text) as Definition;
  const isOver = row.ended_at !== null || row.position >= definition.steps.length;
  return { row, automationStatus, next: isOver ? null : nameOfStep(definition, row.position) };
}
