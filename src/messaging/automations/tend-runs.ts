import { sql } from 'kysely';
import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { oneOf } from '../contacts/one-of.ts';
import { endRuns } from './end-runs.ts';

/** Of one automation in a turn: others have theirs in between. */
const BATCH = 500;
/** As the index of them says it. */
const HELD = sql.lit(1);

/** Wakes held runs of automations that go on, and ends the runs of those that were stopped. Returns how many. */
export async function tendRuns(db: Database, queue: JobQueue, now: number): Promise<number> {
  const woken = await eachAutomation(db, 'active', (id) => wakeHeld(db, queue, id, now));
  const ended = await eachAutomation(db, 'stopped', (id) =>
    writeTransaction(db, {}, async (trx) => {
      const rows = await trx
        .selectFrom('automation_runs')
        .select('id')
        .where('automation_id', '=', id)
        .where('status', '=', 'running')
        .limit(BATCH)
        .execute();
      const ending = { status: 'stopped', reason: 'automation_stopped' } as const;
      const ids = rows.map((row) => row.id);
      return endRuns(trx, db.dialect, queue, ids, ending, now);
    }),
  );
  if (woken > 0) queue.wake();
  return woken + ended;
}

async function eachAutomation(
  { kysely }: Database,
  status: 'active' | 'stopped',
  tend: (id: string) => Promise<number>,
): Promise<number> {
  const rows = await kysely
    .selectFrom('automations as a')
    .select('a.id')
    .where('a.status', '=', status)
    .where(({ exists, selectFrom }) => {
      const runs = selectFrom('automation_runs as r').select('r.id').whereRef('r.automation_id', '=', 'a.id');
      return exists(status === 'active' ? runs.where('r.held', '=', HELD) : runs.where('r.status', '=', 'running'));
    })
    .limit(100)
    .execute();
  let total = 0;
  for (const { id } of rows) total += await tend(id);
  return total;
}

function wakeHeld(db: Database, queue: JobQueue, automation: string, now: number): Promise<number> {
  return writeTransaction(db, {}, async (trx) => {
    const rows = await trx
      .selectFrom('automation_runs')
      .select(['id', 'project_id', 'due_at'])
      .where('automation_id', '=', automation)
      .where('held', '=', HELD)
      .orderBy('id')
      .limit(BATCH)
      .execute();
    if (rows.length === 0) return 0;
    const ids = rows.map(({ id }) => id);
    const freed = await trx
      .updateTable('automation_runs')
      .set({ held: 0, updated_at: now })
      .where(oneOf(db.dialect, 'id', ids))
      .where('held', '=', 1)
      .where('ended_at', 'is', null)
      .returning('id')
      .execute();
    const free = new Set(freed.map(({ id }) => id));
    const jobs = rows
      .filter(({ id }) => free.has(id))
      .map(({ id, project_id: owner, due_at }) => ({ id, lane: 1, owner, dueAt: due_at ?? now }));
    const enqueued = queue.enqueue(jobs);
    if (enqueued) await trx.executeQuery(enqueued);
    return jobs.length;
  });
}
