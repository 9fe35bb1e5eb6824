import { createHash } from 'node:crypto';

/** Amount, payee and whatever else a transaction's code is bound to (Regulation (EU) 2018/389, Art. 5). */
export type Context = Record<string, string>;

/** SHA-256 over the members sorted by name, as JSON; any change of any member changes it. Base64url. */
export function contextDigest(context: Context): string {
  const members = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
