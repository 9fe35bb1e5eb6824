import { createHmac } from 'node:crypto';
import type { CallbackRequest } from '../provider.ts';
import { basicAuth } from './support/http-members.ts';
import { readUnixSeconds } from './support/read-facts.ts';
import { sameAsAny } from './support/same-secret.ts';

/** The time is that of the signature, so a repeated callback has a new one. */
const REPLAY_WINDOW_MS = 5 * 60_000;

/**
 * Null when it is signed with one of the secrets: HMAC-SHA256 over body, nonce and time
 * (developers.sinch.com/docs/conversation/callbacks, "Validating Callbacks"; the same headers with the SMS API).
 */
export function refuseSinchSignature(request: CallbackRequest, secrets: readonly string[]): string | null {
  const { headers, body, now } = request;
  const given = headers['x-sinch-webhook-signature'];
  const nonce = headers['x-sinch-webhook-signature-nonce'];
  const timestamp = headers['x-sinch-webhook-signature-timestamp'];
  if (given === undefined || nonce === undefined || timestamp === undefined) return 'no X-Sinch-Webhook-Signature';
  if ((headers['x-sinch-webhook-signature-algorithm'] ?? 'HmacSHA256') !== 'HmacSHA256') return 'unknown algorithm';
  const valid = secrets.map((secret) =>
    createHmac('sha256', secret).update(body).update(`.${nonce}.${timestamp}`).digest('base64'),
  );
  if (!sameAsAny(given, valid)) return 'wrong X-Sinch-Webhook-Signature';
  const at = readUnixSeconds(timestamp);
  return at !== undefined && Math.abs(now - at) <= REPLAY_WINDOW_MS ? null : 'signed at another time';
}

export interface BasicCredentials {
  user: string;
  password: string;
}

/** Null when it comes with one of the credentials that were put into the callback URL at Sinch. */
export function refuseBasicAuth({ headers }: CallbackRequest, credentials: readonly BasicCredentials[]): string | null {
  if (headers.authorization === undefined) return 'no Authorization';
  const valid = credentials.map(({ user, password }) => basicAuth(user, password));
  return sameAsAny(headers.authorization, valid) ? null : 'wrong Authorization';
}
