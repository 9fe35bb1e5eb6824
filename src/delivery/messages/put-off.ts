import type { CompiledQuery } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Job, JobQueue } from '../../jobs/queue.ts';
import type { MessageRow } from './load.ts';
import { WAITING } from './message.ts';

/** Of a message that does not expire: then it is asked again. */
const LONGEST_MS = 86_400_000;

/** Puts one back that must not be sent before `until`. Should it expire first, that is told in time. Uses up no try. */
export function putOff(
  { kysely }: Pick<Database, 'kysely'>,
  queue: JobQueue,
  job: Job,
  { id, attempts, expires_at }: MessageRow,
  { until, reason }: { until: number; reason: string },
  now: number,
): (CompiledQuery | null)[] {
  const dueAt = Math.min(until, expires_at ?? now + LONGEST_MS);
  return [
    kysely
      .updateTable('messages')
      .set({ status: 'queued', reason, due_at: null, updated_at: now })
      .where('id', '=', id)
      .where('attempts', '=', attempts)
      .where('status', 'in', [...WAITING, 'sending'])
      .compile(),
    queue.putBack([{ ...job, dueAt, tries: job.tries - 1, reason }]),
  ];
}
