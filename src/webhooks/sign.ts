import type { KeyObject } from 'node:crypto';
import { createHmac, createPrivateKey, createSecretKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/**
 * Standard Webhooks: what is signed is `id.timestamp.body`. HMAC-SHA-256 (`v1`) under a secret that both sides have,
 * or Ed25519 (`v1a`), whose public key is all that a receiver needs.
 */
export const SIGNATURE_KINDS = ['hmac', 'ed25519'] as const;
export type SignatureKind = (typeof SIGNATURE_KINDS)[number];

export interface SigningKey {
  kind: SignatureKind;
  key: KeyObject;
}

const SECRET_BYTES = 32;
/** As libsodium writes a private key: the seed, then the public key. */
const ED25519_SECRET_BYTES = 64;

/** `whsec_…`, or `whsk_…` of which `publicKeyOf` makes what is shown. */
export function newSigningSecret(kind: SignatureKind): string {
  if (kind === 'hmac') return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return `whsk_${Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]).toString('base64')}`;
}

export function importSigningKey(secret: string): SigningKey {
  if (secret.startsWith('whsec_')) {
    return { kind: 'hmac', key: createSecretKey(Buffer.from(secret.slice('whsec_'.length), 'base64')) };
  }
  const { seed, publicKey } = ed25519Parts(secret);
  const jwk = { kty: 'OKP', crv: 'Ed25519', d: seed.toString('base64url'), x: publicKey.toString('base64url') };
  return { kind: 'ed25519', key: createPrivateKey({ key: jwk, format: 'jwk' }) };
}

/** `whpk_…`; null for a secret that has no public half. */
export function publicKeyOf(secret: string): string | null {
  return secret.startsWith('whsk_') ? `whpk_${ed25519Parts(secret).publicKey.toString('base64')}` : null;
}

/** The header `webhook-signature`: one signature for each key, so that receivers change theirs whenever they like. */
export function signDelivery(keys: readonly SigningKey[], id: string, timestampSeconds: number, body: string): string {
  const content = Buffer.from(`${id}.${timestampSeconds}.${body}`);
  return keys
    .map(({ kind, key }) =>
      kind === 'hmac'
        ? `v1,${createHmac('sha256', key).update(content).digest('base64')}`
        : `v1a,${sign(null, content, key).toString('base64')}`,
    )
    .join(' ');
}

function ed25519Parts(secret: string): { seed: Buffer; publicKey: Buffer } {
  const bytes = Buffer.from(secret.slice('whsk_'.length), 'base64');
  if (!secret.startsWith('whsk_') || bytes.length !== ED25519_SECRET_BYTES) throw new Error('not a signing secret');
  return { seed: bytes.subarray(0, 32), publicKey: bytes.subarray(32) };
}
