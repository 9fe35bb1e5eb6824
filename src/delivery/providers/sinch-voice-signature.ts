import { createHash, createHmac } from 'node:crypto';
import type { CallbackRequest } from '../provider.ts';
import { readTime } from './support/read-facts.ts';
import { sameAsAny } from './support/same-secret.ts';

/** The time is that of the signature, so a repeated callback has a new one. */
const REPLAY_WINDOW_MS = 5 * 60_000;

export interface SignedRequest {
  method: string;
  path: string;
  contentType: string;
  /** As in `x-timestamp`. */
  timestamp: string;
  body: string | Buffer;
}

/**
 * HMAC-SHA256 over method, MD5 of the body, content type, time and path, under the application secret
 * (developers.sinch.com/docs/voice/api-reference/authentication/signed-request, …/callback-signed-request).
 */
export function signForSinch({ method, path, contentType, timestamp, body }: SignedRequest, secret: string): string {
  const md5 = createHash('md5').update(body).digest('base64');
  const text = [method, md5, contentType, `x-timestamp:${timestamp}`, path].join('\n');
  return createHmac('sha256', Buffer.from(secret, 'base64')).update(text).digest('base64');
}

/** Null when it is signed for the application with one of its secrets, minutes ago at most. */
export function refuseSinchVoiceSignature(
  { method, url, headers, body, now }: CallbackRequest,
  applicationKey: string,
  secrets: readonly string[],
): string | null {
  const [, key, given] = /^application ([^:\s]+):(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  const timestamp = headers['x-timestamp'];
  if (given === undefined || timestamp === undefined) return 'no signed Authorization';
  if (key?.toLowerCase() !== applicationKey.toLowerCase()) return 'signed for another application';
  const request = { method, path: new URL(url).pathname, contentType: headers['content-type'] ?? '', timestamp, body };
  const valid = secrets.map((secret) => signForSinch(request, secret));
  if (!sameAsAny(given, valid)) return 'wrong Authorization';
  const at = readTime(timestamp);
  return at !== undefined && Math.abs(now - at) <= REPLAY_WINDOW_MS ? null : 'signed at another time';
}
