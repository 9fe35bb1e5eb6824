import type { Seen } from './verify-webhook.ts';

/**
 * Of one process. It holds as many as arrive within twice the tolerance, and only what was signed; several processes
 * need a store that they share.
 */
export function createReplayCache(): Seen {
  const kept = new Map<string, number>();
  return ({ key, now, forgetAt }) => {
    for (const [old, until] of kept) {
      // Nearly in the order of their times: what is left behind goes when those before it have gone.
      if (until > now) break;
      kept.delete(old);
    }
    if (kept.has(key)) return true;
    kept.set(key, forgetAt);
    return false;
  };
}
