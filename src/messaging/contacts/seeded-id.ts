import { createHash } from 'node:crypto';
import { encodeId, type IdPrefix, newId } from '../../lib/ids.ts';

/** A new id; while a request with an Idempotency-Key is served, the same one each time. */
export function seededId(prefix: IdPrefix, idempotency: { seed: string } | null): string {
  if (!idempotency) return newId(prefix);
  const bytes = createHash('sha256').update(`${prefix}\0${idempotency.seed}`).digest();
  return `${prefix}_${encodeId(bytes.subarray(0, 26))}`;
}
