export interface BackOff {
  minMs: number;
  maxMs: number;
}

/** Doubles with each failure, with jitter so that binds cut together do not come back together; never below the least. */
export function backOffMs(failures: number, { minMs, maxMs }: BackOff, random: number): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(failures, 30));
  return Math.max(minMs, Math.round(full * (0.5 + random / 2)));
}
