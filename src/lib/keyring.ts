import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

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
  /** A one-off key bound to one record, so that sealed values cannot be moved between records. */
  recordKey(purpose: KeyPurpose, id: string, record: string): Buffer | undefined;
}

export type KeyPurpose = 'code-pepper' | 'seal' | 'client-token' | 'cursor';

const KEY_BYTES = 32;

export function createKeyring(masters: readonly Buffer[]): Keyring {
  const byId = new Map(masters.map((master) => [keyId(master), master]));
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
      const derived = createSecretKey(derive(master, `countersign/${purpose}`));
      cache.set(name, derived);
      return derived;
    },
    recordKey(purpose, id, record) {
      const master = byId.get(id);
      return master && derive(master, `countersign/${purpose}/${record}`);
    },
  };
}

function derive(master: Buffer, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), info, KEY_BYTES));
}

/** A fingerprint that says nothing about the secret. */
function keyId(master: Buffer): string {
  return createHash('sha256').update('countersign/key-id').update(master).digest('hex').slice(0, 8);
}
