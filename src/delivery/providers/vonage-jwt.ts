import { createHash, createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import { jwtVerify } from 'jose/jwt/verify';
import type { Now } from '../../lib/clock.ts';
import type { CallbackRequest } from '../provider.ts';
import { readText } from './support/read-value.ts';
import { sameSecret } from './support/same-secret.ts';

const TOKEN_LIFETIME_MS = 15 * 60_000;
const TOKEN_REUSE_MS = 5 * 60_000;

/** Vonage repeats a webhook for 24 hours, and does not say whether with a new token. */
const MAX_AGE_SECONDS = 24 * 3_600;

/** The RSA key of an application, as PEM; its lines may be joined by `\n` as an environment variable has them. */
export function readPrivateKey(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey(pem.replaceAll('\\n', '\n'));
    return key.asymmetricKeyType === 'rsa' ? key : null;
  } catch {
    return null;
  }
}

/** The bearer token of an application (developer.vonage.com, "Authentication"). One serves for some minutes. */
export function createApplicationToken(applicationId: string, key: KeyObject, now: Now): () => Promise<string> {
  let kept: { token: Promise<string>; since: number } | null = null;

  function sign(at: number): Promise<string> {
    return new SignJWT({ application_id: applicationId })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setIssuedAt(Math.floor(at / 1_000))
      .setExpirationTime(Math.floor((at + TOKEN_LIFETIME_MS) / 1_000))
      .setJti(randomUUID())
      .sign(key);
  }

  return () => {
    const at = now();
    if (kept === null || Math.abs(at - kept.since) > TOKEN_REUSE_MS) kept = { token: sign(at), since: at };
    return kept.token;
  };
}

/**
 * Null when the webhook is signed with one of the signature secrets and for this application (developer.vonage.com,
 * "Decoding Signed Webhooks"): a JWT that holds the hash of the body.
 */
export async function refuseSignedWebhook(
  { headers, body, now }: CallbackRequest,
  applicationId: string,
  secrets: readonly string[],
): Promise<string | null> {
  const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token === undefined) return 'no signed Authorization';
  const claims = await readClaims(token, secrets, now);
  if (claims === null) return 'wrong, old or early signature';
  const bodyHash = createHash('sha256').update(body).digest('hex');
  if (!sameSecret(readText(claims.payload_hash)?.toLowerCase(), bodyHash)) return 'signed for another body';
  const signedFor = claims.application_id ?? applicationId;
  return signedFor === applicationId ? null : 'signed for another application';
}

async function readClaims(token: string, secrets: readonly string[], now: number) {
  for (const secret of secrets) {
    const claims = await jwtVerify(token, Buffer.from(secret), {
      algorithms: ['HS256'],
      currentDate: new Date(now),
      maxTokenAge: MAX_AGE_SECONDS,
      clockTolerance: 60,
    }).catch(() => null);
    if (claims) return claims.payload;
  }
  return null;
}
