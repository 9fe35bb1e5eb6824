import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { toTimestamp } from '../../lib/clock.ts';
import { type Actor, adminEvent } from '../admin-event.ts';
import { insertEvents } from '../insert-events.ts';
import type { ExportOptions } from './export-events.ts';

/** Before the first row leaves: what was not recorded is not exported. */
export async function recordExport(
  db: Database,
  { format, proof, range: { of, since, until, after } }: ExportOptions,
  project: string,
  actor: Actor,
  now: number,
): Promise<void> {
  const data = {
    format,
    proof,
    everything: of === null,
    ...(since !== null && { since: toTimestamp(since) }),
    ...(until !== null && { until: toTimestamp(until) }),
    ...(after !== null && { after }),
  };
  const event = adminEvent('audit.exported', project, actor, now, data);
  await writeTransaction(db, {}, (trx) => insertEvents(trx, [event]));
}
