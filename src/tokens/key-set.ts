import type { CryptoKey, JWK } from 'jose';
import { importJWK } from 'jose/key/import';
import type { Kysely } from 'kysely';
import type { Schema, SigningKeyTable } from '../db/schema.ts';
import { StoreUnavailable } from '../lib/errors.ts';
import type { Keyring } from '../lib/keyring.ts';
import { openPrivateJwk, selectSigningKeys } from './signing-keys.ts';

/** RFC 8725 §3.11: a type of its own, so that no other JWT of this issuer can pass for a proof. */
export const PROOF_TYP = 'countersign-proof+jwt';

export interface ProofKey {
  publicJwk: JWK;
  header: { alg: 'EdDSA'; typ: string; kid: string };
  /** The header as it stands in every token of this key. */
  encodedHeader: string;
  publicKey: CryptoKey;
  /** Null when the configured master secrets do not open it: then it verifies only. */
  privateKey: CryptoKey | null;
  activeFrom: number;
  /** Published and believed until here, ms. */
  retiresAt: number;
}

export interface SigningKey extends ProofKey {
  privateKey: CryptoKey;
}

export interface KeySet {
  /** The key that signs at this time. */
  signing(now: number): Promise<SigningKey>;
  /** The key whose tokens begin with this header; undefined when no key of ours makes such tokens. */
  byHeader(encodedHeader: string, now: number): Promise<ProofKey | undefined>;
  /** Every key that verifiers need, RFC 7517 §5. */
  published(now: number): Promise<{ keys: JWK[] }>;
}

/** Well below the delay after which a new key signs. */
const REFRESH_MS = 60_000;
/** After a failure; also how often unknown headers may cause a look at the database. */
const RETRY_MS = 10_000;

/** The signing keys in memory, each imported once, so that signing goes on while the database is down. */
export function createKeySet(deps: { db: Kysely<Schema>; keyring: Keyring }): KeySet {
  let keys: ProofKey[] = [];
  let nextReadAt = Number.NEGATIVE_INFINITY;
  let lastTryAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  /** Reads the keys when it is time; with `wanted`, sooner, because one is missing. */
  async function refresh(now: number, wanted: boolean): Promise<void> {
    if (!reading) {
      if (now < nextReadAt && !(wanted && now >= lastTryAt + RETRY_MS)) {
        if (keys.length === 0) throw new StoreUnavailable('database');
        return;
      }
      lastTryAt = now;
      nextReadAt = now + RETRY_MS;
      reading = read(now).finally(() => {
        reading = null;
      });
    }
    try {
      await reading;
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || keys.length === 0) throw error;
    }
  }

  async function read(now: number): Promise<void> {
    const rows = await selectSigningKeys(deps.db, now);
    keys = await Promise.all(rows.map((row) => importKey(row)));
    nextReadAt = now + REFRESH_MS;
  }

  async function importKey(row: SigningKeyTable): Promise<ProofKey> {
    const known = keys.find((key) => key.header.kid === row.kid);
    const retiresAt = row.retires_at ?? Number.POSITIVE_INFINITY;
    if (known?.privateKey) return { ...known, retiresAt };
    const publicJwk: JWK = JSON.parse(row.public_jwk);
    const privateJwk = openPrivateJwk(deps.keyring, row);
    const header = { alg: 'EdDSA', typ: PROOF_TYP, kid: row.kid } as const;
    return {
      publicJwk,
      header,
      encodedHeader: Buffer.from(JSON.stringify(header)).toString('base64url'),
      publicKey: await importOkp(publicJwk),
      privateKey: privateJwk && (await importOkp(privateJwk)),
      activeFrom: row.active_from,
      retiresAt,
    };
  }

  return {
    async signing(now) {
      await refresh(now, false);
      // They are in order, the newest first.
      const signs = (key: ProofKey): key is SigningKey =>
        key.privateKey !== null && key.activeFrom <= now && now < key.retiresAt;
      const key = keys.find(signs);
      if (!key) throw new Error('no signing key is active that the master secrets open');
      return key;
    },
    async byHeader(encodedHeader, now) {
      const find = () => keys.find((key) => key.encodedHeader === encodedHeader && now < key.retiresAt);
      await refresh(now, false);
      const known = find();
      if (known) return known;
      await refresh(now, true);
      return find();
    },
    async published(now) {
      await refresh(now, false);
      return { keys: keys.filter((key) => now < key.retiresAt).map((key) => key.publicJwk) };
    },
  };
}

async function importOkp(jwk: JWK): Promise<CryptoKey> {
  return (await importJWK(jwk, 'EdDSA')) as CryptoKey;
}
