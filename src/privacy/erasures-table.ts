import type { Kysely, Selectable, Transaction } from 'kysely';
import { amongUnlocked } from '../db/locking.ts';
import type { Database } from '../db/open.ts';
import type { ErasureTable } from '../db/schema/privacy.ts';
import type { Schema } from '../db/schema.ts';
import type { Mode } from '../lib/mode.ts';

export type ErasureRow = Selectable<ErasureTable>;
/** Rows destroyed, by what they were of. */
export type Counts = Record<string, number>;

const LEASE_MS = 300_000;

/** A rerun of the same request changes nothing. True when it is new. */
export async function insertErasure(trx: Transaction<Schema>, row: ErasureRow): Promise<boolean> {
  const inserted = await trx
    .insertInto('erasures')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

interface Whose {
  project: string;
  mode: Mode;
}

export function findErasure(db: Kysely<Schema>, { id, project, mode }: Whose & { id: string }) {
  return ofProject(db, { project, mode }).where('id', '=', id).executeTakeFirst();
}

/** Newest first. */
export function listErasures(
  db: Kysely<Schema>,
  { after, limit, ...whose }: Whose & { after: { at: number; id: string } | null; limit: number },
): Promise<ErasureRow[]> {
  let query = ofProject(db, whose);
  if (after) query = query.where((eb) => eb(eb.refTuple('requested_at', 'id'), '<', eb.tuple(after.at, after.id)));
  return query.orderBy('requested_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
}

function ofProject(db: Kysely<Schema>, { project, mode }: Whose) {
  return db.selectFrom('erasures').selectAll().where('project_id', '=', project).where('mode', '=', mode);
}

/** The one that has been due longest; for the time of a lease it is the caller's. */
export function claimErasure({ kysely, dialect }: Database, now: number): Promise<ErasureRow | undefined> {
  const due = kysely.selectFrom('erasures').select('id').where('due_at', '<=', now).orderBy('due_at').limit(1);
  return kysely
    .updateTable('erasures')
    .set((eb) => ({ due_at: now + LEASE_MS, claim: eb('claim', '+', 1) }))
    .where(amongUnlocked(dialect, 'id', due))
    .returningAll()
    .executeTakeFirst();
}

/** False: the lease was over and somebody else has taken it. */
export async function saveErasure(
  trx: Transaction<Schema>,
  { id, claim }: ErasureRow,
  change: Partial<Pick<ErasureRow, 'status' | 'subject' | 'sweeps' | 'counts' | 'completed_at' | 'due_at'>>,
): Promise<boolean> {
  const saved = await trx
    .updateTable('erasures')
    .set(change)
    .where('id', '=', id)
    .where('claim', '=', claim)
    .returning('id')
    .executeTakeFirst();
  return saved !== undefined;
}

/** Whom it is about is sealed for just what was asked for: nobody can make more of it. */
export function subjectRecord(
  row: Pick<ErasureRow, 'id' | 'project_id' | 'mode' | 'everywhere' | 'requested_at'>,
): string {
  const { id, project_id, mode, everywhere, requested_at } = row;
  return `erasure/${id}/${project_id}/${mode}/${everywhere}/${requested_at}`;
}

export function readCounts({ counts }: Pick<ErasureRow, 'counts'>): Counts {
  return JSON.parse(counts) as Counts;
}
