import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Keyring } from './keyring.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM under a key of this record alone; the record id is bound in twice (key and additional data). */
export function seal(keyring: Keyring, record: string, plaintext: string): string {
  const key = keyring.recordKey('seal', keyring.current, record);
  if (!key) throw new Error('the current master secret is missing');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(record));
  const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${keyring.current}.${sealed.toString('base64url')}`;
}

/** Null when the master secret is gone, the record is another one, or the text was changed. */
export function open(keyring: Keyring, record: string, sealed: string): string | null {
  const dot = sealed.indexOf('.');
  const key = keyring.recordKey('seal', sealed.slice(0, dot), record);
  const bytes = Buffer.from(sealed.slice(dot + 1), 'base64url');
  if (!key || bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(record)).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return null;
  }
}

/** True when a record should be sealed anew under the current master secret. */
export function needsReseal(keyring: Keyring, sealed: string): boolean {
  return !sealed.startsWith(`${keyring.current}.`);
}
