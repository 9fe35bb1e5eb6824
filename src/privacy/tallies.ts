import type { Transaction } from 'kysely';
import type { AuditEvent } from '../audit/event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import { signStatements } from '../audit/log/statements.ts';
import { forUpdate } from '../db/locking.ts';
import type { Database } from '../db/open.ts';
import type { RetentionTallyTable } from '../db/schema/privacy.ts';
import type { Schema } from '../db/schema.ts';
import { toTimestamp } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Keyring } from '../lib/keyring.ts';
import type { Mode } from '../lib/mode.ts';
import { open, seal } from '../lib/seal.ts';
import { holdLog } from './strip-events.ts';

/** What retention has destroyed of a class since the last time it was told. */
export interface Tally {
  class: string;
  project: string;
  mode: Mode;
  /** All that is as old or older. */
  before: number;
  count: number;
  /** Of events: between which places in the log. */
  places: { first: number; last: number } | null;
}

/** `event`: what will tell of it. Put back when that has been told, a tally tells nothing more. */
type Counted = Pick<Tally, 'before' | 'count' | 'places'> & { event: string };

/** Counts what has just been destroyed, in the same transaction: it is told of however the process ends. */
export async function addTallies(
  trx: Transaction<Schema>,
  dialect: Database['dialect'],
  keyring: Keyring,
  tallies: readonly Tally[],
): Promise<void> {
  for (const tally of tallies) {
    const key = { class: tally.class, project_id: tally.project, mode: tally.mode };
    const sealed = (counted: Counted) => seal(keyring, recordOf(key), JSON.stringify(counted));
    const { before, count, places } = tally;
    const added = { before, count, places, event: newId('evt') };
    const inserted = await trx
      .insertInto('retention_tallies')
      .values({ ...key, sealed: sealed(added) })
      .onConflict((conflict) => conflict.columns(['class', 'project_id', 'mode']).doNothing())
      .returning('class')
      .executeTakeFirst();
    if (inserted) continue;
    const own = trx
      .selectFrom('retention_tallies')
      .selectAll()
      .where('class', '=', key.class)
      .where('project_id', '=', key.project_id)
      .where('mode', '=', key.mode);
    const known = readTally(keyring, await forUpdate(dialect, own).executeTakeFirstOrThrow());
    await trx
      .updateTable('retention_tallies')
      .set({ sealed: sealed(known ? together(known, added) : added) })
      .where('class', '=', key.class)
      .where('project_id', '=', key.project_id)
      .where('mode', '=', key.mode)
      .execute();
  }
}

/** Events come in the order in which they were inserted, which is not quite that of the log. */
function together(known: Counted, { before, count, places }: Counted): Counted {
  const stretch = places &&
    known.places && {
      first: Math.min(known.places.first, places.first),
      last: Math.max(known.places.last, places.last),
    };
  return { event: known.event, before, count: known.count + count, places: stretch ?? known.places ?? places };
}

export interface TellDeps {
  db: Database;
  keyring: Keyring;
  onError(error: unknown): void;
}

/** One event for what was destroyed of a class and project since the last time. */
export async function tellTallies(
  trx: Transaction<Schema>,
  { db, keyring, onError }: TellDeps,
  now: number,
): Promise<void> {
  // A key that is replaced meanwhile signs nothing after its successor has been named.
  await holdLog(trx, db.dialect);
  const rows = await trx.deleteFrom('retention_tallies').returningAll().execute();
  const events = rows.flatMap((row): AuditEvent[] => {
    const tally = readTally(keyring, row);
    if (!tally) onError(new Error(`what retention is said to have destroyed of ${row.class} was not counted by it`));
    return tally ? [toEvent(row, tally, now)] : [];
  });
  if (events.length === 0) return;
  const ids = events.map(({ id }) => id);
  const told = await trx.selectFrom('events').select('id').where('id', 'in', ids).execute();
  const isTold = new Set(told.map(({ id }) => id));
  const untold = events.filter(({ id }) => !isTold.has(id));
  if (untold.length > 0) await insertEvents(trx, await signStatements(trx, keyring, untold));
}

function toEvent(row: RetentionTallyTable, { event, before, count, places }: Counted, now: number): AuditEvent {
  return {
    id: event,
    type: 'retention.applied',
    at: now,
    project: row.project_id,
    mode: row.mode,
    actor: 'system',
    data: {
      class: row.class,
      before: toTimestamp(before),
      count,
      ...(places && { first_index: places.first, last_index: places.last }),
    },
  };
}

/** Null when somebody else has written it. */
function readTally(keyring: Keyring, row: RetentionTallyTable): Counted | null {
  const text = open(keyring, recordOf(row), row.sealed);
  return text === null ? null : (JSON.parse(text) as Counted);
}

function recordOf({ class: name, project_id, mode }: Omit<RetentionTallyTable, 'sealed'>): string {
  return `retention-tally/${name}/${project_id}/${mode}`;
}
