import { hash } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { Database } from '../../db/open.ts';
import type { Schema } from '../../db/schema.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { toTimestamp } from '../../lib/clock.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { openSigner, selectAuditKeys } from './audit-keys.ts';
import { lockLog } from './lock-log.ts';
import { type NoteSigner, signNote } from './note.ts';
import { createTree } from './tree.ts';
import { createReadHashes } from './tree-nodes.ts';

/** A head of the log, signed: https://c2sp.org/tlog-checkpoint. Numbered from 1, each naming the one before. */
export type Checkpoint = Selectable<Schema['audit_checkpoints']>;

export interface Checkpointer {
  /** Signs the log as it is, if it is time. Null: it is not, or another process has done so. */
  signIfDue(now: number): Promise<Checkpoint | null>;
}

/** Signs every `everySeconds`, also when nothing happened: a head that does not come says something too. */
export function createCheckpointer(db: Database, keyring: Keyring, everySeconds: number): Checkpointer {
  const everyMs = everySeconds * 1000;
  /** Where the clock was set back, at once. */
  const isDue = (last: Checkpoint | undefined, now: number) => !last || Math.abs(now - last.created_at) >= everyMs;
  let known: Checkpoint | undefined;

  return {
    async signIfDue(now) {
      if (known && !isDue(known, now)) return null;
      known = await newestCheckpoint(db.kysely);
      if (!isDue(known, now)) return null;
      const made = await writeTransaction(db, { durable: true }, async (trx) => {
        const size = await lockLog(db, trx);
        const last = await newestCheckpoint(trx);
        return isDue(last, now) ? signLog(db, trx, keyring, { size, last, now }) : null;
      });
      known = made ?? known;
      return made;
    },
  };
}

interface Head {
  size: number;
  last: Checkpoint | undefined;
  now: number;
}

async function signLog(
  db: Database,
  trx: Transaction<Schema>,
  keyring: Keyring,
  { size, last, now }: Head,
): Promise<Checkpoint> {
  const keys = await selectAuditKeys(trx);
  const signers = keys.flatMap((key) => openSigner(keyring, key) ?? []);
  const [newest] = signers;
  if (!newest || newest.id.toString('hex') !== keys[0]?.id) throw new Error('the newest audit key cannot be opened');
  const number = (last?.number ?? 0) + 1;
  const read = createReadHashes(db, async (query) => (await trx.executeQuery(query)).rows);
  const root = await createTree(read, size).root(size);
  const text = [
    newest.name,
    size,
    root.toString('base64'),
    `number ${number}`,
    `time ${toTimestamp(now)}`,
    ...(last ? [`previous ${digestOf(last.note)}`] : []),
    '',
  ].join('\n');
  const checkpoint = { number, size, note: signNote(text, signers), created_at: now };
  await trx.insertInto('audit_checkpoints').values(checkpoint).execute();
  await destroyRetiredKeys(trx, signers);
  return checkpoint;
}

/** What the next checkpoint names it by: SHA-256 of what is signed, which ends before the blank line. */
function digestOf(note: string): string {
  return hash('sha256', note.slice(0, note.lastIndexOf('\n\n') + 1), 'base64');
}

/** A retired key signs until a checkpoint it has signed tells of its successor. */
async function destroyRetiredKeys(trx: Transaction<Schema>, signers: readonly NoteSigner[]): Promise<void> {
  if (signers.length === 1) return;
  await trx
    .updateTable('audit_keys')
    .set({ sealed_private_jwk: null })
    .where('sealed_private_jwk', 'is not', null)
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('audit_leaves').select('log_index').whereRef('event_id', '=', 'retired_by')),
    )
    .execute();
}

export function newestCheckpoint(db: Kysely<Schema>): Promise<Checkpoint | undefined> {
  return db.selectFrom('audit_checkpoints').selectAll().orderBy('number', 'desc').limit(1).executeTakeFirst();
}

/** The newest when no number is given. */
export function findCheckpoint(db: Kysely<Schema>, number?: number): Promise<Checkpoint | undefined> {
  if (number === undefined) return newestCheckpoint(db);
  return db.selectFrom('audit_checkpoints').selectAll().where('number', '=', number).executeTakeFirst();
}

/** Newest first. */
export function listCheckpoints(db: Kysely<Schema>, before: number | null, limit: number): Promise<Checkpoint[]> {
  const all = db.selectFrom('audit_checkpoints').selectAll().orderBy('number', 'desc').limit(limit);
  return (before === null ? all : all.where('number', '<', before)).execute();
}

/** From this number on, the oldest first. */
export function readCheckpoints(db: Kysely<Schema>, from: number, limit: number): Promise<Checkpoint[]> {
  const all = db.selectFrom('audit_checkpoints').selectAll().where('number', '>=', from);
  return all.orderBy('number').limit(limit).execute();
}
