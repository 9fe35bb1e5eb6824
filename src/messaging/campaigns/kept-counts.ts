import { setTimeout as sleep } from 'node:timers/promises';

interface Kept<T> {
  value: T | null;
  freshUntil: number;
  counting: Promise<T> | null;
}

/** So long an answer waits for a count; then it has the one before. */
const WAIT_MS = 500;
/** Counting a million recipients takes its time: it is done a tenth of the time at most, however many look. */
export const IDLE_SHARE = 9;
const MAX_KEPT = 100;

export interface KeptCount<T> {
  value: T;
  /** False: the next is being counted. */
  isNewest: boolean;
}

/** What takes long to count: once at a time, for all who ask. Null: it has never been counted yet. */
export function keepCounts<T>(clock: () => number = () => performance.now(), waitMs = WAIT_MS) {
  const known = new Map<string, Kept<T>>();

  async function begin(kept: Kept<T>, count: () => Promise<T>): Promise<T> {
    const startedAt = clock();
    try {
      kept.value = await count();
      kept.freshUntil = clock() + (clock() - startedAt) * IDLE_SHARE;
      return kept.value;
    } finally {
      kept.counting = null;
    }
  }

  return async (key: string, count: () => Promise<T>): Promise<KeptCount<T> | null> => {
    const kept = known.get(key) ?? { value: null, freshUntil: -Infinity, counting: null };
    // The one asked for last goes last.
    known.delete(key);
    known.set(key, kept);
    const [oldest] = known.keys();
    if (known.size > MAX_KEPT && oldest !== undefined) known.delete(oldest);
    if (kept.value !== null && clock() < kept.freshUntil) return { value: kept.value, isNewest: true };
    kept.counting ??= begin(kept, count);
    const patience = new AbortController();
    const waited = sleep(waitMs, null, { signal: patience.signal }).then(
      () => (kept.value === null ? null : { value: kept.value, isNewest: false }),
      () => null,
    );
    const counted = kept.counting.then((value) => ({ value, isNewest: true }));
    return Promise.race([counted, waited]).finally(() => patience.abort());
  };
}
