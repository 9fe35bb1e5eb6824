import type { AuditEvent, EventType } from '../audit/event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { Database } from '../db/open.ts';
import { writeTransaction } from '../db/transaction.ts';
import { newId } from '../lib/ids.ts';
import type { Keyring } from '../lib/keyring.ts';
import { open } from '../lib/seal.ts';
import type { Eraser, Erasure, Subject } from '../lib/subject.ts';
import { claimObjects } from './claimed-objects.ts';
import { type Counts, type ErasureRow, readCounts, saveErasure, subjectRecord } from './erasures-table.ts';
import { modesOf } from './modes-of.ts';

export interface SweepDeps {
  db: Database;
  keyring: Keyring;
  /** Keyed hash of a number or an address; null when it is neither. */
  hashOf(address: string): string | null;
  /** In this order: what comes first claims what the later ones erase. */
  erasers: readonly Eraser[];
  /** Resolves when all that happened so far is in SQL. */
  recorded(): Promise<void>;
  /** Forgets failed guesses whose time is over. */
  forgetGuesses(subject: Subject, now: number): Promise<number>;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const LAST_MS = 31 * DAY_MS;

/**
 * When it is swept, after the request. What was under way comes within seconds; what waits for a database that is away,
 * as soon as that is back; a challenge nobody ended leaves Redis after a day. The last time is for failed guesses, whose
 * windows and locks are over by then, whatever the policy.
 */
const SWEEPS_MS = [0, MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS, DAY_MS + 60 * MINUTE_MS, LAST_MS];
/** Somebody was handing a message over. */
const SOON_MS = 15_000;

/** One sweep through everything that is kept. Whatever it is interrupted in, the next one goes on with. */
export async function sweep(deps: SweepDeps, row: ErasureRow, now: number): Promise<void> {
  const { db, keyring, erasers } = deps;
  const erasure = toErasure(deps, row);
  for (const eraser of erasers) await eraser.callOff?.(erasure, now);
  await deps.recorded();

  const counts: Counts = readCounts(row);
  let unfinished = false;
  for (const eraser of erasers) {
    const erased = await eraser.erase(erasure, (ids) => claimObjects(db.kysely, keyring, erasure.id, ids), now);
    counts[eraser.name] = (counts[eraser.name] ?? 0) + erased.count;
    unfinished ||= erased.unfinished === true;
  }

  const sweeps = unfinished ? row.sweeps : countSweeps(row, now);
  const isLast = sweeps === SWEEPS_MS.length;
  if (isLast) counts.guess_states = await deps.forgetGuesses(erasure, now);
  const isDone = row.status === 'pending' && !unfinished;
  await writeTransaction(db, {}, async (trx) => {
    const saved = await saveErasure(trx, row, {
      counts: JSON.stringify(counts),
      sweeps,
      ...(isDone && { status: 'completed', completed_at: now }),
      ...(isLast && { subject: null }),
      due_at: unfinished ? now + SOON_MS : nextSweepAt(row, sweeps),
    });
    if (!saved) return;
    if (isDone) await insertEvents(trx, [erasureEvent('erasure.completed', row, now, { erased: counts })]);
    if (isLast) await trx.deleteFrom('erased_objects').where('erasure_id', '=', row.id).execute();
  });
}

/** Those too whose time has passed while no worker ran. */
function countSweeps({ requested_at, sweeps }: ErasureRow, now: number): number {
  const passed = SWEEPS_MS.filter((ms) => requested_at + ms <= now).length;
  return Math.max(sweeps + 1, passed);
}

export function watchedUntil({ requested_at, due_at }: ErasureRow): number | null {
  return due_at === null ? null : requested_at + LAST_MS;
}

function nextSweepAt({ requested_at }: ErasureRow, sweeps: number): number | null {
  const ms = SWEEPS_MS[sweeps];
  return ms === undefined ? null : requested_at + ms;
}

function toErasure({ keyring, hashOf }: SweepDeps, row: ErasureRow): Erasure {
  const hash = row.subject === null ? null : open(keyring, subjectRecord(row), row.subject);
  if (hash === null) throw new Error(`whom erasure ${row.id} is about cannot be read: is a master secret missing?`);
  return {
    id: row.id,
    hash,
    project: row.everywhere === 1 ? null : row.project_id,
    modes: modesOf(row.mode),
    actor: row.actor,
    until: row.requested_at,
    isAddress: (text) => hashOf(text) === hash,
  };
}

/** Whom it is about is not said: the erasure's id is enough for who asked for it. */
export function erasureEvent(
  type: EventType,
  row: Pick<ErasureRow, 'id' | 'project_id' | 'mode' | 'actor'>,
  now: number,
  data: Record<string, unknown> = {},
): AuditEvent {
  const { project_id: project, mode, actor } = row;
  return { id: newId('evt'), type, at: now, project, mode, actor, data: { erasure: row.id, ...data } };
}
