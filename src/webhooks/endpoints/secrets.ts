import { hash } from 'node:crypto';
import type { WebhookEndpointTable } from '../../db/schema/webhooks.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { open, seal } from '../../lib/seal.ts';
import { importSigningKey, publicKeyOf, type SigningKey } from '../sign.ts';

/** One of an endpoint's secrets, the newest first. */
export interface EndpointSecret {
  /** `whsec_…` or `whsk_…`. */
  secret: string;
  createdAt: number;
  /** Signs until then; null: until it is replaced. */
  expiresAt: number | null;
}

/** The public half of one, for receivers. */
export interface EndpointPublicKey {
  kid: string;
  /** `whpk_…` */
  key: string;
  expiresAt: number | null;
}

type SecretColumns = Pick<WebhookEndpointTable, 'sealed_secrets' | 'public_keys'>;

export function sealSecrets(keyring: Keyring, id: string, secrets: readonly EndpointSecret[]): SecretColumns {
  const publicKeys = secrets.flatMap(({ secret, expiresAt }): EndpointPublicKey[] => {
    const key = publicKeyOf(secret);
    return key === null ? [] : [{ kid: kidOf(id, key), key, expiresAt }];
  });
  return {
    sealed_secrets: seal(keyring, secretsRecord(id), JSON.stringify(secrets)),
    public_keys: publicKeys.length > 0 ? JSON.stringify(publicKeys) : null,
  };
}

/** Null when no configured master secret opens them. */
export function openSecrets(
  keyring: Keyring,
  { id, sealed_secrets }: Pick<WebhookEndpointTable, 'id' | 'sealed_secrets'>,
): EndpointSecret[] | null {
  const text = open(keyring, secretsRecord(id), sealed_secrets);
  return text === null ? null : JSON.parse(text);
}

export const isLive = ({ expiresAt }: Pick<EndpointSecret, 'expiresAt'>, now: number) =>
  expiresAt === null || now < expiresAt;

/** Those that sign at a time, the newest first; each is imported once. */
export function createSigningKeys(secrets: readonly EndpointSecret[]): (now: number) => SigningKey[] {
  const keys = secrets.map(({ secret, expiresAt }) => ({ expiresAt, key: importSigningKey(secret) }));
  return (now) => keys.filter((key) => isLive(key, now)).map(({ key }) => key);
}

export function sealHeaders(keyring: Keyring, id: string, headers: Record<string, string>): string | null {
  return Object.keys(headers).length === 0 ? null : seal(keyring, headersRecord(id), JSON.stringify(headers));
}

/** Null when no configured master secret opens them. */
export function openHeaders(
  keyring: Keyring,
  { id, sealed_headers }: Pick<WebhookEndpointTable, 'id' | 'sealed_headers'>,
): Record<string, string> | null {
  if (sealed_headers === null) return {};
  const text = open(keyring, headersRecord(id), sealed_headers);
  return text === null ? null : JSON.parse(text);
}

export const secretsRecord = (id: string) => `webhook-endpoint/${id}/secrets`;
export const headersRecord = (id: string) => `webhook-endpoint/${id}/headers`;

/** A receiver knows its endpoint's id: by it, it finds its own keys among all, also after they were replaced. */
function kidOf(id: string, publicKey: string): string {
  return `${id}.${hash('sha256', publicKey, 'base64url').slice(0, 11)}`;
}
