import type { Transaction } from 'kysely';
import { type Actor, adminEvent } from '../audit/admin-event.ts';
import type { EventType } from '../audit/event.ts';
import { insertEvents } from '../audit/insert-events.ts';
import type { Database } from '../db/open.ts';
import type { Schema } from '../db/schema.ts';
import { writeTransaction } from '../db/transaction.ts';
import { KEPT_MS as IDEMPOTENCY_KEPT_MS } from '../http/idempotency-store.ts';
import type { ProofClaims, Proofs } from './proof.ts';

export interface Redeemer extends Actor {
  project: string;
  /** The seed of its idempotent request. */
  seed?: string | undefined;
}

/**
 * A check that is repeated with its Idempotency-Key is answered with a newly signed proof of the same verification, as
 * long as the key lives; none of them may outlive the memory of the first one's redemption. The hour on top is for
 * the proof's own life and for clocks of instances that differ.
 */
const KEPT_AFTER_EXPIRY_MS = IDEMPOTENCY_KEPT_MS + 3_600_000;

/**
 * The claims for the first caller with a valid proof of its own project and mode; null for everyone else, ever. The same
 * request may come again: it was told of an error, or of nothing, although this was done.
 */
export async function redeemProof(
  deps: { db: Database; proofs: Proofs },
  redeemer: Redeemer,
  token: string,
  now: number,
): Promise<ProofClaims | null> {
  const claims = await deps.proofs.verify(token, redeemer, now);
  if (!claims) return null;
  const { jti, exp } = claims;
  const seed = redeemer.seed ?? null;
  return writeTransaction(deps.db, { durable: true }, async (trx) => {
    const first = await trx
      .insertInto('token_redemptions')
      .values({ jti, expires_at: exp * 1000 + KEPT_AFTER_EXPIRY_MS, request: seed })
      .onConflict((conflict) => conflict.column('jti').doNothing())
      .returning('jti')
      .executeTakeFirst();
    if (!first && seed !== null && (await isRedeemedBy(trx, jti, seed))) return claims;
    const type: EventType = first ? 'token.redeemed' : 'token.replayed';
    const event = adminEvent(type, redeemer.project, redeemer, now, { purpose: claims.purpose });
    await insertEvents(trx, [{ ...event, verificationId: jti }]);
    return first ? claims : null;
  });
}

async function isRedeemedBy(trx: Transaction<Schema>, jti: string, seed: string): Promise<boolean> {
  const row = await trx.selectFrom('token_redemptions').select('request').where('jti', '=', jti).executeTakeFirst();
  return row?.request === seed;
}
