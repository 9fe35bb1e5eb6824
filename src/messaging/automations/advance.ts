import type { CompiledQuery } from 'kysely';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { type Definition, END, nameOfStep, positionAfter, type RunRow, type Turn } from './automation.ts';
import { endedRun, endingStatements } from './end-runs.ts';

/** What a step came to. */
export type StepResult =
  | {
      kind: 'done';
      outcome: StepOutcome;
      reason?: string;
      messageId?: string;
      /** Where it leads; default: as every step. */
      position?: number;
      /** The step after it is due then. */
      until?: number;
      /** What it does, committed with it. */
      statements?: readonly (CompiledQuery | null)[];
      /** The run ends with it. */
      fails?: boolean;
    }
  /** Not now. */
  | { kind: 'later'; dueAt: number; waitingFor: 'quiet_hours' | 'frequency_cap' | 'retry' };

export type StepOutcome = 'done' | 'unchanged' | 'sent' | 'blocked' | 'skipped' | 'waiting' | 'yes' | 'no' | 'failed';

/**
 * The step's effect, its place in the history and where the run goes from here, in one transaction. False: somebody
 * else has done the step, or the automation was paused or stopped; nothing has happened then.
 */
export function advance(
  db: Database,
  { run, definition, now }: Omit<Turn, 'contact'>,
  result: StepResult,
): Promise<boolean> {
  const { kysely } = db;
  const change = changeOf(run, definition, result, now);
  const moved = kysely
    .updateTable('automation_runs')
    .set({ ...change, updated_at: now })
    .where('id', '=', run.id)
    .where('steps', '=', run.steps)
    .where('tries', '=', run.tries)
    .where('ended_at', 'is', null)
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('automations').select('id').where('id', '=', run.automation_id).where('status', '=', 'active')),
    )
    .returning('id')
    .compile();
  const ending = change.status === undefined ? null : { status: change.status, reason: change.reason ?? null };
  return batchTransaction(db, {}, async (batch) => {
    const [rows] = await batch.run(moved);
    if (rows.length === 0) return false;
    await batch.commit(
      result.kind === 'done' ? record(db, run, definition, result, now) : null,
      ...(result.kind === 'done' ? (result.statements ?? []) : []),
      ...(ending ? endingStatements(db, run, ending, now) : []),
    );
    return true;
  });
}

function changeOf(run: RunRow, definition: Definition, result: StepResult, now: number) {
  if (result.kind === 'later') {
    const tries = result.waitingFor === 'retry' ? run.tries + 1 : run.tries;
    return { due_at: result.dueAt, waiting_for: result.waitingFor, tries, status: undefined, reason: undefined };
  }
  const position = result.position ?? positionAfter(definition, run.position);
  const moved = { position, steps: run.steps + 1, tries: 0 };
  if (result.fails) return { ...moved, ...endedRun({ status: 'failed', reason: 'step_failed' }, now) };
  const isOver = position >= definition.steps.length && result.until === undefined;
  if (isOver) return { ...moved, ...endedRun({ status: 'completed', reason: null }, now) };
  const waitingFor = result.until === undefined ? null : 'time';
  return { ...moved, due_at: result.until ?? now, waiting_for: waitingFor, status: undefined, reason: undefined };
}

function record(
  { kysely }: Database,
  { id, steps, position }: RunRow,
  definition: Definition,
  { outcome, reason, messageId }: Extract<StepResult, { kind: 'done' }>,
  now: number,
): CompiledQuery {
  return kysely
    .insertInto('automation_steps')
    .values({
      run_id: id,
      number: steps + 1,
      name: nameOfStep(definition, position),
      kind: definition.steps[position]?.type ?? END,
      outcome,
      reason: reason ?? null,
      message_id: messageId ?? null,
      at: now,
    })
    .compile();
}
