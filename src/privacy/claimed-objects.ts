import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../db/schema.ts';
import type { Keyring } from '../lib/keyring.ts';

/** Verifications, messages and events that an erasure has reached: what comes of them later is reached too. */
export async function claimObjects(
  db: Kysely<Schema>,
  keyring: Keyring,
  erasure: string,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await db
    .insertInto('erased_objects')
    .values(
      ids.map((id) => ({ erasure_id: erasure, object_id: id, proof: prove(keyring, keyring.current, erasure, id) })),
    )
    .onConflict((conflict) => conflict.columns(['erasure_id', 'object_id']).doNothing())
    .execute();
}

/** Those of these objects that the service itself has claimed: whoever writes to the database can add others. */
export async function findClaimed(
  trx: Transaction<Schema>,
  keyring: Keyring,
  erasure: string,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const claims = await trx
    .selectFrom('erased_objects')
    .select(['object_id', 'proof'])
    .where('erasure_id', '=', erasure)
    .where('object_id', 'in', ids)
    .execute();
  return new Set(
    claims.flatMap(({ object_id: id, proof }) => {
      const [keyId = ''] = proof.split('.');
      const own = Buffer.from(prove(keyring, keyId, erasure, id));
      const given = Buffer.from(proof);
      return own.length === given.length && timingSafeEqual(own, given) ? [id] : [];
    }),
  );
}

/** Empty when that master secret is gone. */
function prove(keyring: Keyring, keyId: string, erasure: string, object: string): string {
  const key = keyring.key('erased-object', keyId);
  return key ? `${keyId}.${createHmac('sha256', key).update(`${erasure} ${object}`).digest('base64url')}` : '';
}
