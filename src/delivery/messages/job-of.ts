import type { NewJob } from '../../jobs/queue.ts';
import type { MessageRow } from './load.ts';
import { LANES } from './message.ts';

/** The job that sends a message: projects share a lane evenly. */
export function jobOf({ id, project_id, purpose }: MessageRow, dueAt: number): NewJob {
  return { id, lane: purpose === 'marketing' ? LANES.marketing : LANES.transactional, owner: project_id, dueAt };
}
