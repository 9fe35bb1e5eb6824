import { createHmac } from 'node:crypto';
import type { CallbackRequest, CallbackResult } from '../provider.ts';
import { sameAsAny, sameSecret } from './support/same-secret.ts';

/** Null when Meta signed the body with one of the app's secrets. Nothing in it tells when it was made. */
export function refuseHubSignature({ headers, body }: CallbackRequest, appSecrets: readonly string[]): string | null {
  const given = headers['x-hub-signature-256'];
  if (given === undefined) return 'no X-Hub-Signature-256';
  const valid = appSecrets.map((secret) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  return sameAsAny(given, valid) ? null : 'wrong X-Hub-Signature-256';
}

/** How Meta makes sure of the URL when it is entered: whoever knows the token gets the challenge back. */
export function answerHubChallenge({ query }: CallbackRequest, verifyToken: string): CallbackResult {
  const challenge = query.get('hub.challenge') ?? '';
  if (query.get('hub.mode') !== 'subscribe' || !sameSecret(query.get('hub.verify_token') ?? undefined, verifyToken)) {
    return { kind: 'unauthenticated', why: 'wrong hub.verify_token' };
  }
  if (!/^[\w-]{1,200}$/.test(challenge)) return { kind: 'unreadable', why: 'no hub.challenge' };
  return { kind: 'taken', answer: { status: 200, contentType: 'text/plain', body: challenge } };
}
