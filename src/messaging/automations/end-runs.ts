import { type CompiledQuery, sql, type Transaction } from 'kysely';
import type { AuditEvent } from '../../audit/event.ts';
import { toEventRow } from '../../audit/events-table.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { among, rowSet } from '../../db/row-set.ts';
import type { Schema } from '../../db/schema.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { newId } from '../../lib/ids.ts';
import { oneOf } from '../contacts/one-of.ts';
import type { RunRow } from './automation.ts';

export interface Ending {
  status: Exclude<RunRow['status'], 'running'>;
  reason: string | null;
}

type Ended = Pick<RunRow, 'id' | 'automation_id' | 'version' | 'project_id' | 'mode' | 'contact_id'>;

/** What an ended run is; what came with its trigger is not needed any more. */
export const endedRun = ({ status, reason }: Ending, now: number) => ({
  ...{ status, reason, ended_at: now, updated_at: now },
  ...{ data: null, due_at: null, waiting_for: null, held: 0 },
});

/** Ends those of the runs that go on, whoever has their jobs. Answers with how many. */
export async function endRuns(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  queue: JobQueue,
  ids: readonly string[],
  ending: Ending,
  now: number,
): Promise<number> {
  if (ids.length === 0) return 0;
  const ended = await trx
    .updateTable('automation_runs')
    .set(endedRun(ending, now))
    .where(oneOf(dialect, 'id', ids))
    .where('ended_at', 'is', null)
    .returning(['id', 'automation_id', 'version', 'project_id', 'mode', 'contact_id'])
    .execute();
  if (ended.length === 0) return 0;
  const counts = [...Map.groupBy(ended, (run) => `${run.automation_id} ${run.contact_id}`)].map(([key, runs]) => {
    const [automation = '', contact = ''] = key.split(' ');
    return { automation, contact, ended: runs.length };
  });
  const contacts = counts.map(({ contact }) => contact);
  await sql`
    update automation_entries set running = automation_entries.running - r.ended
    from ${rowSet(dialect, { automation: 'text', contact: 'text', ended: 'bigint' }, counts)}
    where ${among(dialect, 'automation_entries.contact_id', contacts)}
      and automation_entries.automation_id = r.automation and automation_entries.contact_id = r.contact
  `.execute(trx);
  await insertEvents(
    trx,
    ended.map((run) => endedEvent(run, ending, now)),
  );
  const removal = queue.remove(ended.map(({ id }) => id));
  if (removal) await trx.executeQuery(removal);
  return ended.length;
}

/** The rest of what ends one run, in the transaction that changes its row. */
export function endingStatements({ kysely }: Database, run: Ended, ending: Ending, now: number): CompiledQuery[] {
  return [
    kysely
      .updateTable('automation_entries')
      .set((eb) => ({ running: eb('running', '-', 1) }))
      .where('automation_id', '=', run.automation_id)
      .where('contact_id', '=', run.contact_id)
      .compile(),
    kysely
      .insertInto('events')
      .values(toEventRow(endedEvent(run, ending, now)))
      .compile(),
  ];
}

function endedEvent(run: Ended, { status, reason }: Ending, now: number): AuditEvent {
  return {
    ...{ id: newId('evt'), type: 'automation.run_ended', at: now, actor: 'system' },
    ...{ project: run.project_id, mode: run.mode },
    data: {
      ...{ automation_id: run.automation_id, version: run.version, run_id: run.id, contact_id: run.contact_id },
      status,
      ...(reason !== null && { reason }),
    },
  };
}
