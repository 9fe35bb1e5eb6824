/** Counts shared by all instances. Two adapters: SQL (both dialects) and Redis. */
export interface RateCounter {
  /**
   * Adds `uses` to a counter and returns its new total. One atomic step; the counter is forgotten after `expiresAt`.
   * Throws StoreUnavailable.
   */
  add(key: string, uses: number, now: number, expiresAt: number): Promise<number>;
}
