import type { Job, JobQueue } from '../../jobs/queue.ts';
import type { MessageRow } from './load.ts';

/** Whether what a message belongs to lets it go; messaging/campaigns knows. Null: it does. */
export interface MessageHold {
  of(campaign: string): Promise<'paused' | 'canceled' | null>;
  /** Puts one back that has not begun, until its campaign goes on or it expires. */
  keep(queue: JobQueue, job: Job, message: MessageRow, now: number): Promise<void>;
}
