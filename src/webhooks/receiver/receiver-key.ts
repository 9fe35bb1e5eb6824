/** As a key set publishes it (RFC 8037). */
export interface PublicKeyJwk {
  kty: 'OKP';
  crv: 'Ed25519';
  /** base64url */
  x: string;
}

/** `whsec_…`, a secret; `whpk_…` or a JWK, a public key. */
export type WebhookKey = string | PublicKeyJwk;

export interface ReceiverKey {
  version: 'v1' | 'v1a';
  key: Awaited<ReturnType<typeof crypto.subtle.importKey>>;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Throws a TypeError, which never quotes it, for what is no key: that is the receiver's own mistake. */
export async function importKey(key: WebhookKey): Promise<ReceiverKey> {
  if (typeof key !== 'string') return importPublicKey(decodeBase64(key.x.replaceAll('-', '+').replaceAll('_', '/')));
  const [, kind, text = ''] = /^(whsec_|whpk_)(.+)$/.exec(key.trim()) ?? [];
  if (kind === 'whpk_') return importPublicKey(decodeBase64(text));
  const secret = kind === 'whsec_' ? decodeBase64(text) : null;
  if (!secret || secret.length < 16) throw new TypeError('the key of a webhook begins with whsec_ or whpk_');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return { version: 'v1', key: await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign']) };
}

async function importPublicKey(bytes: Bytes | null): Promise<ReceiverKey> {
  if (bytes?.length !== 32) throw new TypeError('the public key of a webhook has 32 bytes');
  return { version: 'v1a', key: await crypto.subtle.importKey('raw', bytes, 'Ed25519', false, ['verify']) };
}

/** Whether one of the signatures (`v1,…`, `v1a,…`) is this key's. */
export async function matchesKey(
  { version, key }: ReceiverKey,
  content: Bytes,
  signatures: readonly string[],
): Promise<boolean> {
  const own = signatures.flatMap((signature) => {
    const bytes = signature.startsWith(`${version},`) ? decodeBase64(signature.slice(version.length + 1)) : null;
    return bytes ? [bytes] : [];
  });
  if (version === 'v1') {
    const expected = new Uint8Array(await crypto.subtle.sign('HMAC', key, content));
    return own.some((bytes) => areEqual(bytes, expected));
  }
  for (const bytes of own) if (await crypto.subtle.verify('Ed25519', key, bytes, content)) return true;
  return false;
}

/** In the same time wherever they differ. */
function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (const [at, byte] of a.entries()) difference |= byte ^ (b[at] ?? 0);
  return difference === 0;
}

function decodeBase64(text: string): Bytes | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
