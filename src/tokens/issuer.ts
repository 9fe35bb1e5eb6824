import { createHmac, type KeyObject } from 'node:crypto';

/**
 * `iss` of proofs where no public URL is configured: a name (RFC 7519 §4.1.1 takes any StringOrURI) that all instances
 * on one database share, whatever address each listens on, and that no other installation has.
 */
export function installationIssuer(hashKey: KeyObject): string {
  const digest = createHmac('sha256', hashKey).update('countersign/issuer').digest('hex');
  return `urn:countersign:${digest.slice(0, 16)}`;
}
