import type { Actor } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { newSigningSecret, type SignatureKind } from '../sign.ts';
import type { EndpointDeps, MadeEndpoint } from './create-endpoint.ts';
import type { EndpointOwner } from './endpoint.ts';
import { endpointEvent } from './endpoint-event.ts';
import { lockEndpoint, updateEndpoint } from './endpoints-table.ts';
import { isLive, openSecrets, sealSecrets } from './secrets.ts';

export interface Rotation {
  /** How long those before it sign as well; 0: no longer, because somebody else has them. */
  overlapSeconds: number;
  /** Of the new one. */
  signature?: SignatureKind;
}

/** A delivery has a signature by each. */
const MAX_LIVE = 5;

export async function rotateSecret(
  { db, keyring }: EndpointDeps,
  owner: EndpointOwner,
  id: string,
  { overlapSeconds, signature }: Rotation,
  actor: Actor,
  now: number,
): Promise<MadeEndpoint | 'not_found' | 'too_many'> {
  return writeTransaction(db, { durable: true }, async (trx) => {
    const before = await lockEndpoint(db.dialect, trx, owner, id);
    if (!before) return 'not_found';
    const until = now + overlapSeconds * 1000;
    const kind = signature ?? before.signature;
    const secret = newSigningSecret(kind);
    const kept = (openSecrets(keyring, before) ?? [])
      .map((old) => ({ ...old, expiresAt: Math.min(old.expiresAt ?? until, until) }))
      .filter((old) => isLive(old, now));
    if (kept.length >= MAX_LIVE) return 'too_many';
    const sealed = sealSecrets(keyring, id, [{ secret, createdAt: now, expiresAt: null }, ...kept]);
    const row = await updateEndpoint(trx, before, { ...sealed, signature: kind }, now);
    const data = { signature: kind, overlap_seconds: overlapSeconds };
    await insertEvents(trx, [endpointEvent('webhook_endpoint.secret_rotated', before, actor, now, data)]);
    return { row, secret };
  });
}
