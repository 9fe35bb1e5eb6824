import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import type { Keyring } from './keyring.ts';

/**
 * AES-256-GCM. Two texts under one key and one nonce would give both away, so nonces are not left to chance
 * (NIST SP 800-38D §8.2.1): a process draws a salt of 128 random bits, derives a key from it that is its own, and
 * numbers what it seals. Deriving a key for each text instead cost more than sealing it. The record is bound in as
 * additional data: what was sealed for one opens for no other.
 *
 * `<key id>.` and base64url of salt, number, ciphertext, tag.
 */
const SALT_BYTES = 16;
const NUMBER_BYTES = 4;
const TAG_BYTES = 16;
const HEAD_BYTES = SALT_BYTES + NUMBER_BYTES;
/** Far below what one key may seal; afterwards a new salt is drawn. */
const TEXTS_PER_SALT = 2 ** 20;
/** Salts of other processes met last, whose keys are kept. */
const KEPT_KEYS = 256;

interface Salted {
  salt: Buffer;
  key: KeyObject;
  used: number;
}

const sealing = new WeakMap<Keyring, Salted>();
const opening = new WeakMap<Keyring, Map<string, KeyObject>>();

export function seal(keyring: Keyring, record: string, plaintext: string): string {
  const { salt, key, number } = nextNumber(keyring);
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  salt.copy(head);
  head.writeUInt32BE(number, SALT_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number)).setAAD(Buffer.from(record));
  const sealed = Buffer.concat([head, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${keyring.current}.${sealed.toString('base64url')}`;
}

/** Null when the master secret is gone, the record is another one, or the text was changed. */
export function open(keyring: Keyring, record: string, sealed: string): string | null {
  const dot = sealed.indexOf('.');
  const bytes = Buffer.from(sealed.slice(dot + 1), 'base64url');
  if (bytes.length < HEAD_BYTES + TAG_BYTES) return null;
  const key = keyOf(keyring, sealed.slice(0, dot), bytes.subarray(0, SALT_BYTES));
  if (!key) return null;
  const nonce = nonceOf(bytes.readUInt32BE(SALT_BYTES));
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(record)).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return decipher.update(bytes.subarray(HEAD_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return null;
  }
}

/** True when a record should be sealed anew under the current master secret. */
export function needsReseal(keyring: Keyring, sealed: string): boolean {
  return !sealed.startsWith(`${keyring.current}.`);
}

function nextNumber(keyring: Keyring): { salt: Buffer; key: KeyObject; number: number } {
  let salted = sealing.get(keyring);
  if (!salted || salted.used === TEXTS_PER_SALT) {
    const salt = randomBytes(SALT_BYTES);
    const key = keyOf(keyring, keyring.current, salt);
    if (!key) throw new Error('the current master secret is missing');
    salted = { salt, key, used: 0 };
    sealing.set(keyring, salted);
  }
  const { salt, key, used } = salted;
  salted.used = used + 1;
  return { salt, key, number: used };
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 12 - NUMBER_BYTES);
  return nonce;
}

function keyOf(keyring: Keyring, id: string, salt: Buffer): KeyObject | undefined {
  const kept = opening.get(keyring) ?? new Map<string, KeyObject>();
  opening.set(keyring, kept);
  const name = `${id}/${salt.toString('base64url')}`;
  const key = kept.get(name) ?? keyring.saltedKey('seal', id, salt);
  if (!key) return undefined;
  if (!kept.has(name)) {
    if (kept.size >= KEPT_KEYS) kept.delete(kept.keys().next().value as string);
    kept.set(name, key);
  }
  return key;
}
