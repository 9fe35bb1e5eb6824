import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Mode } from '../audit/event.ts';
import type { Keyring } from '../lib/keyring.ts';

/**
 * What an app's back end hands to its own mobile or web client, which may then check
 * this one verification and nothing else. Opaque to the caller: `cst_<key id>.<claims>.<mac>`.
 */
export interface ClientTokenClaims {
  verificationId: string;
  project: string;
  mode: Mode;
}

const PREFIX = 'cst_';
const FORM = /^cst_([0-9a-f]{8})\.([A-Za-z0-9_-]{1,400})\.[A-Za-z0-9_-]{43}$/;

/** @param expiresAt ms; the verification's own end is the natural choice. */
export function issueClientToken(keyring: Keyring, claims: ClientTokenClaims, expiresAt: number): string {
  const key = keyring.key('client-token', keyring.current);
  if (!key) throw new Error('the current master secret is missing');
  const payload = JSON.stringify([claims.verificationId, claims.project, claims.mode, expiresAt]);
  const body = `${PREFIX}${keyring.current}.${Buffer.from(payload).toString('base64url')}`;
  return `${body}.${mac(key, body)}`;
}

/** Null for anything that is not a token of ours, of a master secret still configured, and unexpired. */
export function openClientToken(keyring: Keyring, token: string, now: number): ClientTokenClaims | null {
  const [, keyId, payload] = FORM.exec(token) ?? [];
  const key = keyId && keyring.key('client-token', keyId);
  if (!key || !payload) return null;
  const body = token.slice(0, token.lastIndexOf('.'));
  // Compared as text, not decoded: base64url has several spellings of one value.
  if (!timingSafeEqual(Buffer.from(`${body}.${mac(key, body)}`), Buffer.from(token))) return null;
  const [verificationId, project, mode, expiresAt] = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return now < expiresAt ? { verificationId, project, mode } : null;
}

function mac(key: KeyObject, body: string): string {
  return createHmac('sha256', key).update(body).digest('base64url');
}
