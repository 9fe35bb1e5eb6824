import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/**
 * Keys derived from COUNTERSIGN_SECRET, a list of master secrets: the first signs and seals, all verify and open.
 * HKDF-SHA-256 (RFC 5869) with the purpose as `info`, so that no two uses share a key.
 */
export interface Keyring {
  /** Key id of the first master secret. */
  readonly current: string;
  readonly ids: readonly string[];
  /** The key of one purpose under one master; undefined when the master is not (or no longer) configured. */
  key(purpose: KeyPurpose, id: string): KeyObject | undefined;
  /** Another key of the same purpose for each salt; derived anew with every call. */
  saltedKey(purpose: KeyPurpose, id: string, salt: Buffer): KeyObject | undefined;
}

export type KeyPurpose = 'code-pepper' | 'seal' | 'client-token' | 'cursor' | 'consent-link' | 'erased-object';

export function createKeyring(masters: readonly Buffer[]): Keyring {
  const byId = new Map(masters.map((master) => [keyId(master), extract(master)]));
  const [current] = byId.keys();
  if (current === undefined) throw new Error('a keyring needs at least one master secret');
  const cache = new Map<string, KeyObject>();
  return {
    current,
    ids: [...byId.keys()],
    key(purpose, id) {
      const master = byId.get(id);
      if (!master) return undefined;
      const name = `${purpose}/${id}`;
      const known = cache.get(name);
      if (known) return known;
      const derived = expand(master, `countersign/${purpose}`);
      cache.set(name, derived);
      return derived;
    },
    saltedKey(purpose, id, salt) {
      const master = byId.get(id);
      return master && expand(master, `countersign/${purpose}/${salt.toString('base64url')}`);
    },
  };
}

/** RFC 5869 §2.2, without salt; done once for each master. */
function extract(master: Buffer): KeyObject {
  return createSecretKey(createHmac('sha256', Buffer.alloc(32)).update(master).digest());
}

/** RFC 5869 §2.3, for the one block that a 256-bit key is. A KeyObject: ciphers and HMACs take Buffers at ten times the cost. */
function expand(extracted: KeyObject, info: string): KeyObject {
  return createSecretKey(createHmac('sha256', extracted).update(`${info}\x01`).digest());
}

/** A fingerprint that says nothing about the secret. */
function keyId(master: Buffer): string {
  return createHash('sha256').update('countersign/key-id').update(master).digest('hex').slice(0, 8);
}
