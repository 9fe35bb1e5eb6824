import { hash, randomBytes } from 'node:crypto';
import type { Mode } from '../audit/event.ts';

const SECRET_BYTES = 32;
const FORM = /^cs_(live|test)_[A-Za-z0-9_-]{32,200}$/;
const SHOWN_CHARACTERS = 'cs_live_'.length + 4;

export function newApiKey(mode: Mode): string {
  return `cs_${mode}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}

/** Null when the text cannot be a key; such text never reaches the database. */
export function modeOfApiKey(key: string): Mode | null {
  return (FORM.exec(key)?.[1] as Mode | undefined) ?? null;
}

/**
 * A plain SHA-256 is enough here: a key has at least 128 random bits, so nobody guesses one from its hash
 * (password hashes buy time for secrets that people choose). Keys are looked up by this hash, which also
 * makes timing harmless: who cannot choose the hash learns nothing from how far a comparison came.
 */
export function hashApiKey(key: string): string {
  return hash('sha256', key, 'hex');
}

/** What lists show of a key. */
export function apiKeyPrefix(key: string): string {
  return key.slice(0, SHOWN_CHARACTERS);
}
