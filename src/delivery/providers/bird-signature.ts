import { createHash, createHmac } from 'node:crypto';
import type { CallbackRequest } from '../provider.ts';
import { readUnixSeconds } from './support/read-facts.ts';
import { sameAsAny } from './support/same-secret.ts';

/** A repeated call bears the time of the first one, and Bird repeats for a day. */
const REPLAY_WINDOW_MS = 24 * 3_600_000;

/**
 * Null when it is signed with one of the keys (docs.bird.com/api/notifications-api, "Verifying a webhook
 * subscription"): HMAC-SHA256 over time, URL and the SHA-256 of the body.
 */
export function refuseBirdSignature(request: CallbackRequest, signingKeys: readonly string[]): string | null {
  const { headers, url, body, now } = request;
  const given = headers['messagebird-signature'];
  const timestamp = headers['messagebird-request-timestamp'];
  if (given === undefined || timestamp === undefined) return 'no MessageBird-Signature';
  const bodyHash = createHash('sha256').update(body).digest();
  const valid = signingKeys.map((key) =>
    createHmac('sha256', key).update(`${timestamp}\n${url}\n`).update(bodyHash).digest('base64'),
  );
  if (!sameAsAny(given, valid)) return 'wrong MessageBird-Signature';
  const at = readUnixSeconds(timestamp);
  return at !== undefined && Math.abs(now - at) <= REPLAY_WINDOW_MS ? null : 'signed at another time';
}
