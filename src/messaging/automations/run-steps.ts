import type { Database } from '../../db/open.ts';
import { batchTransaction, writeTransaction } from '../../db/transaction.ts';
import type { Job, JobQueue } from '../../jobs/queue.ts';
import type { Now } from '../../lib/clock.ts';
import { filterCondition } from '../contacts/audience.ts';
import { findContact } from '../contacts/contacts-table.ts';
import type { Filter } from '../contacts/filter/filter.ts';
import { advance, type StepResult } from './advance.ts';
import {
  type AutomationRow,
  type Definition,
  END,
  positionAfter,
  positionOf,
  type RunRow,
  type Step,
  type Turn,
} from './automation.ts';
import { changeContact } from './change-step.ts';
import { type Ending, endRuns } from './end-runs.ts';
import { findStop } from './find-stop.ts';
import { type SendDeps, sendMessage } from './send-step.ts';
import { endOfWait } from './wait.ts';
import { callWebhook, type WebhookDeps } from './webhook-step.ts';

export interface RunDeps extends SendDeps, WebhookDeps {
  db: Database;
  queue: JobQueue;
  now: Now;
  /** Tells whoever sends messages. */
  wakeMessages(): void;
}

/** Then others have their turn. */
const STEPS_PER_TURN = 10;
/** What one step may take: none is begun that another process might begin too. */
const STEP_MS = 20_000;

/** Goes on with a run until it has to wait, has ended, or has had its turn. */
export async function runSteps(deps: RunDeps, job: Job): Promise<void> {
  for (let left = STEPS_PER_TURN; left > 0; left -= 1) {
    const dueAt = await takeStep(deps, job);
    if (dueAt === 'held') return;
    if (dueAt === 'over') return endJob(deps, job);
    if (dueAt > deps.now()) return putBack(deps, job, dueAt);
    if (job.leasedUntil - deps.now() < STEP_MS) break;
  }
  await putBack(deps, job, deps.now());
  deps.queue.wake();
}

/** When the run is to be looked at again. */
async function takeStep(deps: RunDeps, job: Job): Promise<number | 'over' | 'held'> {
  const { db, now } = deps;
  const at = now();
  const loaded = await load(db, job.id);
  if (!loaded || loaded.run.ended_at !== null) return 'over';
  const { run, definition, secretNumber, automationStatus } = loaded;
  const end = (ending: Ending) => endRun(deps, run.id, ending);
  if (automationStatus === 'stopped') return end({ status: 'stopped', reason: 'automation_stopped' });
  if (automationStatus !== 'active') return hold(deps, run, job);
  // Whoever claimed the job before has got so far.
  if (run.due_at !== null && run.due_at > at) return run.due_at;
  const owner = { project: run.project_id, mode: run.mode };
  const contact = await findContact(db, owner, run.contact_id);
  if (!contact) return end({ status: 'stopped', reason: 'contact_deleted' });
  const reason = await findStop(db, run, definition);
  if (reason !== null) return end({ status: 'stopped', reason });
  const step = definition.steps[run.position];
  if (!step) return end({ status: 'completed', reason: null });
  const turn: Turn = { run, definition, secretNumber, contact, now: at };
  const result = await doStep(deps, turn, step);
  const isDone = await advance(db, turn, result);
  if (isDone && result.kind === 'done' && result.messageId !== undefined) deps.wakeMessages();
  return result.kind === 'later' && isDone ? result.dueAt : at;
}

async function doStep(deps: RunDeps, turn: Turn, step: Step): Promise<StepResult> {
  const { contact, definition, run, now } = turn;
  switch (step.type) {
    case 'wait':
    case 'wait_until':
    case 'wait_for_time':
      return { kind: 'done', outcome: 'waiting', until: endOfWait(step, contact.row.time_zone, now) };
    case 'condition': {
      const isTrue = await holds(deps.db, turn, step.filter);
      const target = isTrue ? step.if_true : (step.if_false ?? END);
      const position = target === undefined ? positionAfter(definition, run.position) : positionOf(definition, target);
      return { kind: 'done', outcome: isTrue ? 'yes' : 'no', position };
    }
    case 'send':
      return sendMessage(deps, turn, step);
    case 'webhook':
      return callWebhook(deps, turn, step);
    default:
      return changeContact(deps.db, turn, step);
  }
}

async function holds(db: Database, { run, contact, now }: Turn, filter: Filter): Promise<boolean> {
  const owner = { project: run.project_id, mode: run.mode };
  const condition = await filterCondition(db, owner, filter, now);
  const found = await db.kysely
    .selectFrom('contacts')
    .select('id')
    .where('id', '=', contact.row.id)
    .where(condition)
    .executeTakeFirst();
  return found !== undefined;
}

interface Loaded {
  run: RunRow;
  definition: Definition;
  secretNumber: number;
  automationStatus: AutomationRow['status'];
}

async function load({ kysely }: Database, id: string): Promise<Loaded | null> {
  const row = await kysely
    .selectFrom('automation_runs as r')
    .innerJoin('automations as a', 'a.id', 'r.automation_id')
    .innerJoin('automation_versions as v', (join) =>
      join.onRef('v.automation_id', '=', 'r.automation_id').onRef('v.version', '=', 'r.version'),
    )
    .selectAll('r')
    .select(['a.status as automation_status', 'a.secret_number', 'v.definition'])
    .where('r.id', '=', id)
    .executeTakeFirst();
  if (!row) return null;
  const { automation_status: automationStatus, secret_number: secretNumber, definition, ...run } = row;
  return { run, definition: JSON.parse(definition) as Definition, secretNumber, automationStatus };
}

/** Without a job until the automation goes on: `tendRuns` gives it one then. */
async function hold({ db, queue, now }: RunDeps, run: RunRow, job: Job): Promise<'held'> {
  const { kysely } = db;
  const held = kysely
    .updateTable('automation_runs')
    .set({ held: 1, updated_at: now() })
    .where('id', '=', run.id)
    .where('ended_at', 'is', null)
    .compile();
  await batchTransaction(db, {}, (batch) => batch.commit(held, queue.complete([job])));
  return 'held';
}

async function endRun({ db, queue, now }: RunDeps, id: string, ending: Ending): Promise<'over'> {
  await writeTransaction(db, {}, (trx) => endRuns(trx, db.dialect, queue, [id], ending, now()));
  return 'over';
}

/** A run whose steps break something ends: it would be taken up for ever. */
export async function giveUpRun(deps: RunDeps, job: Job): Promise<void> {
  await endRun(deps, job.id, { status: 'failed', reason: 'internal_error' });
  await endJob(deps, job);
}

function endJob({ db, queue }: RunDeps, job: Job): Promise<void> {
  return batchTransaction(db, {}, (batch) => batch.commit(queue.complete([job])));
}

function putBack({ db, queue }: RunDeps, job: Job, dueAt: number): Promise<void> {
  return batchTransaction(db, {}, (batch) => batch.commit(queue.putBack([{ ...job, dueAt, tries: 0 }])));
}
