import { createHash } from 'node:crypto';
import { type Actor, adminEvent } from '../audit/admin-event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { Database } from '../db/open.ts';
import { writeTransaction } from '../db/transaction.ts';
import { encodeId, newId } from '../lib/ids.ts';
import type { Keyring } from '../lib/keyring.ts';
import { seal } from '../lib/seal.ts';
import { type ErasureRow, insertErasure, subjectRecord } from './erasures-table.ts';

export interface ErasureRequest {
  /** Keyed, of the person's number or address. */
  hash: string;
  project: string;
  everywhere: boolean;
  /** Of an idempotent request: a rerun finds the erasure of the first run. */
  seed: string | undefined;
}

/** When it resolves the request is on record, and will be carried out whatever happens to this process. */
export async function requestErasure(
  { db, keyring }: { db: Database; keyring: Keyring },
  { hash, project, everywhere, seed }: ErasureRequest,
  actor: Actor,
  now: number,
): Promise<ErasureRow> {
  const id = seed === undefined ? newId('era') : `era_${seededId(seed)}`;
  const asked = { id, project_id: project, mode: actor.mode, everywhere: everywhere ? 1 : 0, requested_at: now };
  const row: ErasureRow = {
    ...asked,
    actor: actor.id,
    status: 'pending',
    subject: seal(keyring, subjectRecord(asked), hash),
    sweeps: 0,
    counts: '{}',
    completed_at: null,
    due_at: now,
    claim: 0,
  };
  await writeTransaction(db, { durable: true }, async (trx) => {
    if (!(await insertErasure(trx, row))) return;
    await insertEvents(trx, [
      adminEvent('erasure.requested', project, actor, now, { erasure: id, all_projects: everywhere }),
    ]);
  });
  return row;
}

function seededId(seed: string): string {
  return encodeId(createHash('sha256').update(`erasure\0${seed}`).digest().subarray(0, 26));
}
