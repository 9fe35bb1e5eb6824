import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { AuditKeyTable } from '../../db/schema/audit.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { needsReseal, open, seal } from '../../lib/seal.ts';
import { type Actor, adminEvent } from '../admin-event.ts';
import { insertEvents } from '../insert-events.ts';
import { lockLog } from './lock-log.ts';
import { makeNoteKey, type NoteSigner, readNoteSigner, signNote } from './note.ts';

/**
 * At every start: makes the first key of a new installation, and seals keys anew that are sealed under an older master
 * secret. Throws when the newest cannot be opened, because then nothing could be signed.
 *
 * `origin` names the log for good: later keys, checkpoints and proofs carry the name of the first key.
 */
export async function ensureAuditKey(db: Database, keyring: Keyring, now: number, origin: string): Promise<void> {
  let keys = await selectAuditKeys(db.kysely);
  if (keys.length === 0) {
    await writeTransaction(db, { durable: true }, async (trx) => {
      await lockLog(db, trx);
      if ((await selectAuditKeys(trx)).length === 0) await insertAuditKey(trx, keyring, now, origin);
    });
    keys = await selectAuditKeys(db.kysely);
  }
  const [newest] = keys;
  if (!newest || !openSigner(keyring, newest)) {
    throw new Error('COUNTERSIGN_SECRET opens no key of the audit log: list the former secret too, after the new one');
  }
  for (const row of keys) await resealAuditKey(db.kysely, keyring, row);
}

export interface RotateAuditKeyOptions {
  /** Who rotates, for the event. */
  actor: Actor;
  /** The project the event is filed under. */
  project: string;
  /** The old key may be in wrong hands: it signs nothing more, not even the checkpoint that tells of the new one. */
  compromised?: boolean;
}

/**
 * Makes a new key, which signs from the next checkpoint on. The event of it holds the new verifier key, signed by the old
 * one, which signs the first checkpoint over that event too: who trusts the old one learns of the new one from the log,
 * and whoever writes to the database alone names nobody. Then the old private key is destroyed; its verifier key stays
 * published.
 */
export async function rotateAuditKey(
  db: Database,
  keyring: Keyring,
  now: number,
  { actor, project, compromised = false }: RotateAuditKeyOptions,
): Promise<{ id: string; verifier: string }> {
  return writeTransaction(db, { durable: true }, async (trx) => {
    await lockLog(db, trx);
    const [newest] = await selectAuditKeys(trx);
    if (!newest) throw new Error('the audit log has no key yet: start the service once');
    const signer = compromised ? null : openSigner(keyring, newest);
    if (!compromised && !signer)
      throw new Error('COUNTERSIGN_SECRET does not open the audit key that is to be replaced');
    const [origin = ''] = newest.verifier.split('+');
    const made = await insertAuditKey(trx, keyring, now, origin);
    // Its second line is no size: it can be taken for no checkpoint.
    const handover = signer && signNote(`${origin}\nnext key ${made.verifier}\n`, [signer]);
    const data = {
      key: made.id,
      verifier: made.verifier,
      replaced: newest.id,
      compromised,
      ...(handover && { handover }),
    };
    const event = adminEvent('audit_key.rotated', project, actor, now, data);
    await insertEvents(trx, [event]);
    const retired = trx.updateTable('audit_keys').set({ retired_at: now, retired_by: event.id });
    await retired.where('id', '=', newest.id).execute();
    // One that was replaced before and waits for its last checkpoint is as suspect as the newest.
    if (compromised) {
      await trx.updateTable('audit_keys').set({ sealed_private_jwk: null }).where('id', '!=', made.id).execute();
    }
    return made;
  });
}

/** The newest first. */
export function selectAuditKeys(db: Kysely<Schema>): Promise<AuditKeyTable[]> {
  return db
    .selectFrom('audit_keys')
    .selectAll()
    .orderBy((eb) => eb.case().when('retired_at', 'is', null).then(0).else(1).end())
    .orderBy('retired_at', 'desc')
    .orderBy('id')
    .execute();
}

/** Null when it signs no more, or no configured master secret opens it. */
export function openSigner(keyring: Keyring, row: AuditKeyTable): NoteSigner | null {
  if (row.sealed_private_jwk === null) return null;
  const jwk = open(keyring, recordOf(row.id), row.sealed_private_jwk);
  return jwk === null ? null : readNoteSigner(row.verifier, JSON.parse(jwk));
}

async function insertAuditKey(trx: Transaction<Schema>, keyring: Keyring, now: number, origin: string) {
  const { id: hint, verifier, privateKey } = makeNoteKey(origin);
  const id = hint.toString('hex');
  const jwk = JSON.stringify(privateKey.export({ format: 'jwk' }));
  const sealed_private_jwk = seal(keyring, recordOf(id), jwk);
  const row = { id, verifier, sealed_private_jwk, created_at: now, retired_at: null, retired_by: null };
  await trx.insertInto('audit_keys').values(row).execute();
  return { id, verifier };
}

/** Instances may do this at the same time: each text is right, and the last one stays. */
async function resealAuditKey(db: Kysely<Schema>, keyring: Keyring, row: AuditKeyTable): Promise<void> {
  const former = row.sealed_private_jwk;
  if (former === null || !needsReseal(keyring, former)) return;
  const jwk = open(keyring, recordOf(row.id), former);
  if (jwk === null) return;
  await db
    .updateTable('audit_keys')
    .set({ sealed_private_jwk: seal(keyring, recordOf(row.id), jwk) })
    .where('id', '=', row.id)
    .where('sealed_private_jwk', '=', former)
    .execute();
}

const recordOf = (id: string) => `audit-key/${id}`;
