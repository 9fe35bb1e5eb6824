import type { JWK } from 'jose';
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';
import { exportJWK } from 'jose/key/export';
import { generateKeyPair } from 'jose/key/generate/keypair';
import type { Kysely, Transaction } from 'kysely';
import { type Actor, adminEvent } from '../audit/admin-event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { Database } from '../db/open.ts';
import type { Schema, SigningKeyTable } from '../db/schema.ts';
import { writeTransaction } from '../db/transaction.ts';
import { toTimestamp } from '../lib/clock.ts';
import type { Keyring } from '../lib/keyring.ts';
import { needsReseal, open, seal } from '../lib/seal.ts';

/** The longest life of a proof. */
export const MAX_PROOF_SECONDS = 600;
/** How long verifiers may keep the key set, as its Cache-Control says. */
export const JWKS_CACHE_SECONDS = 300;
/** A new key is published this long before it signs: longer than any cache of the key set, here or elsewhere. */
export const ACTIVE_DELAY_SECONDS = 600;

const FIRST_KEY_SETTING = 'first_signing_key';

/**
 * At every start: makes the first signing key of a new installation, and seals keys anew that are sealed under an
 * older master secret. Throws when no key can be opened, because then nothing could be signed either.
 */
export async function ensureSigningKey(db: Database, keyring: Keyring, now: number): Promise<void> {
  const made = await makeSigningKey(keyring, now, now);
  await writeTransaction(db, { durable: true }, async (trx) => {
    const won = await trx
      .insertInto('settings')
      .values({ key: FIRST_KEY_SETTING, value: made.kid })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .returning('key')
      .executeTakeFirst();
    if (won) await trx.insertInto('signing_keys').values(made).execute();
  });
  const rows = await selectSigningKeys(db.kysely, now);
  const opened = rows.filter((row) => openPrivateJwk(keyring, row) !== null);
  if (opened.length === 0) {
    throw new Error('COUNTERSIGN_SECRET opens no signing key: list the former secret too, after the new one');
  }
  for (const row of opened) {
    if (needsReseal(keyring, row.sealed_private_jwk)) await reseal(db.kysely, keyring, row);
  }
}

export interface RotateOptions {
  /** Who rotates, for the event. */
  actor: Actor;
  /** The project the event is filed under. */
  project: string;
  activeDelaySeconds?: number;
  /** The old keys may be in wrong hands: the new one signs at once and the old ones verify nothing from now on. */
  compromised?: boolean;
}

/**
 * Makes a new key: published at once, signing after the delay, so that every verifier has it by then. The old ones
 * stay published until the last proof they may have signed has expired in every cache.
 */
export async function rotateSigningKey(
  db: Database,
  keyring: Keyring,
  now: number,
  options: RotateOptions,
): Promise<{ kid: string; activeFrom: number }> {
  const { actor, project, compromised = false, activeDelaySeconds = ACTIVE_DELAY_SECONDS } = options;
  const activeFrom = compromised ? now : now + activeDelaySeconds * 1000;
  const retiresAt = compromised ? now : activeFrom + (MAX_PROOF_SECONDS + JWKS_CACHE_SECONDS) * 1000;
  const made = await makeSigningKey(keyring, now, activeFrom);
  await writeTransaction(db, { durable: true }, async (trx) => {
    const replaced = await retireSigningKeys(trx, retiresAt, compromised);
    await trx.deleteFrom('signing_keys').where('retires_at', '<', now).execute();
    await trx.insertInto('signing_keys').values(made).execute();
    const data = { kid: made.kid, replaced, active_from: toTimestamp(activeFrom), compromised };
    await insertEvents(trx, [adminEvent('signing_key.rotated', project, actor, now, data)]);
  });
  return { kid: made.kid, activeFrom };
}

/** Names of those that were in use. */
async function retireSigningKeys(trx: Transaction<Schema>, retiresAt: number, all: boolean): Promise<string[]> {
  const update = trx.updateTable('signing_keys').set({ retires_at: retiresAt }).returning('kid');
  const retired = await (all ? update : update.where('retires_at', 'is', null)).execute();
  return retired.map(({ kid }) => kid);
}

/** Every key that is still published, the newest first. */
export function selectSigningKeys(db: Kysely<Schema>, now: number): Promise<SigningKeyTable[]> {
  return db
    .selectFrom('signing_keys')
    .selectAll()
    .where((eb) => eb.or([eb('retires_at', 'is', null), eb('retires_at', '>', now)]))
    .orderBy('active_from', 'desc')
    .orderBy('kid')
    .execute();
}

/** Null when no configured master secret opens it. */
export function openPrivateJwk(keyring: Keyring, row: SigningKeyTable): JWK | null {
  const json = open(keyring, recordOf(row.kid), row.sealed_private_jwk);
  return json === null ? null : JSON.parse(json);
}

async function makeSigningKey(keyring: Keyring, now: number, activeFrom: number): Promise<SigningKeyTable> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  return {
    kid,
    public_jwk: JSON.stringify({ ...publicJwk, kid, alg: 'EdDSA', use: 'sig' }),
    sealed_private_jwk: seal(keyring, recordOf(kid), JSON.stringify(await exportJWK(privateKey))),
    created_at: now,
    active_from: activeFrom,
    retires_at: null,
  };
}

/** Instances may do this at the same time: each text is right, and the last one stays. */
async function reseal(db: Kysely<Schema>, keyring: Keyring, row: SigningKeyTable): Promise<void> {
  const sealed = seal(keyring, recordOf(row.kid), JSON.stringify(openPrivateJwk(keyring, row)));
  await db.updateTable('signing_keys').set({ sealed_private_jwk: sealed }).where('kid', '=', row.kid).execute();
}

const recordOf = (kid: string) => `signing-key/${kid}`;
