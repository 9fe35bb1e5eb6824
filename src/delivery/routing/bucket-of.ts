import type { Bucket } from './router.ts';

/** Without a rate there is no bucket. A tenth of a second at once is what carriers do not notice. */
export function bucketOf(key: string, perSecond: number | undefined, burst: number | undefined): Bucket | null {
  if (perSecond === undefined) return null;
  return { key, perSecond, burst: burst ?? Math.max(1, Math.round(perSecond / 10)) };
}
