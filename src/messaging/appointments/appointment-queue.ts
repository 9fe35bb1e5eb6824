import type { Database } from '../../db/open.ts';
import { createQueue, type JobQueue } from '../../jobs/queue.ts';

/** One job for each appointment that has something to come: its next reminder, or its time. */
export const createAppointmentQueue = (db: Database): JobQueue => createQueue(db, 'appointments', [1]);
