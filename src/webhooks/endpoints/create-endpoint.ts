import { createHash } from 'node:crypto';
import type { Actor } from '../../audit/admin-event.ts';
import { insertEvents } from '../../audit/insert-events.ts';
import type { Database } from '../../db/open.ts';
import { writeTransaction } from '../../db/transaction.ts';
import { encodeId, newId } from '../../lib/ids.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { newSigningSecret, type SignatureKind } from '../sign.ts';
import { startCursor } from './cursor.ts';
import type { EndpointOwner, EndpointRow, EndpointSettings } from './endpoint.ts';
import { endpointEvent, originOfUrl } from './endpoint-event.ts';
import { countEndpoints, findEndpoint } from './endpoints-table.ts';
import { openSecrets, sealHeaders, sealSecrets } from './secrets.ts';

export interface NewEndpoint extends EndpointSettings {
  headers: Record<string, string>;
  signature: SignatureKind;
}

export interface EndpointDeps {
  db: Database;
  keyring: Keyring;
}

/** With its secret, which is shown this once. */
export interface MadeEndpoint {
  row: EndpointRow;
  secret: string;
}

/** Null: the project has as many as it may have. `seed`: a rerun finds the one that was made before. */
export async function createEndpoint(
  { db, keyring }: EndpointDeps,
  owner: EndpointOwner,
  input: NewEndpoint,
  most: number,
  actor: Actor,
  now: number,
  seed?: string,
): Promise<MadeEndpoint | null> {
  const id = seed === undefined ? newId('whk') : seededId(seed);
  const secret = newSigningSecret(input.signature);
  const row: EndpointRow = {
    id,
    project_id: owner.project,
    mode: owner.mode,
    url: input.url,
    events: JSON.stringify(input.events),
    description: input.description,
    format: input.format,
    api_version: input.apiVersion,
    ordering: input.ordering,
    sealed_headers: sealHeaders(keyring, id, input.headers),
    status: 'enabled',
    disabled_reason: null,
    disabled_at: null,
    signature: input.signature,
    ...sealSecrets(keyring, id, [{ secret, createdAt: now, expiresAt: null }]),
    known_from: 0,
    created_at: now,
    updated_at: now,
  };
  return writeTransaction(db, { durable: true }, async (trx) => {
    const before = await findEndpoint(trx, owner, id);
    if (before) return { row: before, secret: openSecrets(keyring, before)?.[0]?.secret ?? '' };
    if ((await countEndpoints(db.dialect, trx, owner)) >= most) return null;
    await trx.insertInto('webhook_endpoints').values(row).execute();
    await startCursor(trx, row, now);
    const { events, format, ordering, signature, apiVersion } = input;
    const data = { origin: originOfUrl(input.url), events, format, ordering, signature, api_version: apiVersion };
    await insertEvents(trx, [endpointEvent('webhook_endpoint.created', row, actor, now, data)]);
    return { row, secret };
  });
}

function seededId(seed: string): string {
  return `whk_${encodeId(createHash('sha256').update(`webhook-endpoint\0${seed}`).digest().subarray(0, 26))}`;
}
