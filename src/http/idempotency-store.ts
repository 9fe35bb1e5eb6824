/** How long one run may take before another may take over. */
export const LEASE_MS = 10_000;
/** How long answers are kept. */
export const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * Remembers requests by their Idempotency-Key. Two adapters: SQL (both dialects) and Redis.
 * All methods throw StoreUnavailable.
 */
export interface IdempotencyStore {
  /**
   * Starts a run, or says why not. A new key remembers `fingerprint` and `seed`. When the run before died
   * (its lease ended without an answer) or gave the key back, the rerun gets the seed of the first one.
   */
  begin(key: string, fingerprint: string, seed: string, now: number): Promise<Begun>;

  /** Keeps the answer. The first one stays: returns the one that is kept. */
  finish(key: string, answer: string, now: number): Promise<string>;

  /** Ends a run without an answer, so that the next try need not wait for the lease. Only the run that holds it can. */
  release(key: string, leasedUntil: number): Promise<void>;
}

/** What erasures go through. */
export interface KeptAnswers {
  /** Every answer that is kept, some at a time. */
  answers(): AsyncIterable<{ key: string; answer: string }[]>;
  /** Puts `by` in the place of an answer, if it is still there: its key stays used. */
  replaceAnswer(key: string, by: string): Promise<void>;
}

export type Begun =
  | { kind: 'run'; seed: string; leasedUntil: number }
  | { kind: 'running'; leasedUntil: number }
  /** Used with another request. */
  | { kind: 'mismatch' }
  | { kind: 'done'; answer: string };
