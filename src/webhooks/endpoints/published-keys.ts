import type { Database } from '../../db/open.ts';
import { createProjectCache } from '../../db/project-cache.ts';
import type { Now } from '../../lib/clock.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import { type EndpointPublicKey, isLive } from './secrets.ts';

/** RFC 8037 §2. No `alg`: nothing of JOSE is signed with it. */
export interface EndpointJwk {
  kty: 'OKP';
  crv: 'Ed25519';
  use: 'sig';
  kid: string;
  x: string;
}

/** The public keys of all endpoints that have some. A key set is asked for by strangers, so it is read every ten seconds at most. */
export function createPublishedKeys({ db, now }: { db: Database; now: Now }): () => Promise<EndpointJwk[]> {
  const cache = createProjectCache<EndpointPublicKey[]>({ load, now, freshMs: 10_000 });

  async function load(): Promise<EndpointPublicKey[]> {
    const rows = await db.kysely
      .selectFrom('webhook_endpoints')
      .select('public_keys')
      .where('public_keys', 'is not', null)
      .orderBy('id')
      .execute();
    return rows.flatMap(({ public_keys }) => JSON.parse(public_keys ?? '[]') as EndpointPublicKey[]);
  }

  return async () => {
    try {
      const keys = await cache.get('');
      return keys.filter((key) => isLive(key, now())).map(toJwk);
    } catch (error) {
      // The keys of proofs, which are beside them, are in memory.
      if (error instanceof StoreUnavailable) return [];
      throw error;
    }
  };
}

function toJwk({ kid, key }: EndpointPublicKey): EndpointJwk {
  const x = Buffer.from(key.slice('whpk_'.length), 'base64').toString('base64url');
  return { kty: 'OKP', crv: 'Ed25519', use: 'sig', kid, x };
}
