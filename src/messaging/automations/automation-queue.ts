import type { Database } from '../../db/open.ts';
import { createQueue, type JobQueue } from '../../jobs/queue.ts';

/** A job is a run that goes on; all projects get as much of it. */
export const createAutomationQueue = (db: Database): JobQueue => createQueue(db, 'automation_runs', [1]);
