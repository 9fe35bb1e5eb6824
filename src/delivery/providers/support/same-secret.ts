import { createHash, timingSafeEqual } from 'node:crypto';

/** In constant time, also for texts of different lengths: their digests are compared. */
export function sameSecret(given: string | undefined, expected: string): boolean {
  return given !== undefined && timingSafeEqual(digest(given), digest(expected));
}

/** Several are valid while one takes the place of another. All are looked at, whichever fits. */
export function sameAsAny(given: string | undefined, expected: readonly string[]): boolean {
  return expected.map((secret) => sameSecret(given, secret)).includes(true);
}

const digest = (text: string) => createHash('sha256').update(text).digest();
