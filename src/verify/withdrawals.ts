import { setTimeout as sleep } from 'node:timers/promises';

/** What has to be written once the database takes it. */
export interface Withdrawals<T> {
  /** Resolves when it is written, or soon: then it is tried again until it is. */
  add(withdrawal: T): Promise<void>;
  close(): void;
}

/** A caller waits no longer for it. */
const PATIENCE_MS = 500;
const RETRY_MS = 500;
/** Codes do not live as long. */
const KEPT_MS = 900_000;
const MOST = 10_000;

export function createWithdrawals<T>(write: (withdrawal: T) => Promise<void>): Withdrawals<T> {
  /** With the time since when, in the order of it. */
  const waiting = new Map<T, number>();
  let timer: NodeJS.Timeout | undefined;

  async function writeAll(): Promise<void> {
    for (const [withdrawal, since] of waiting) {
      if (performance.now() - since < KEPT_MS) await write(withdrawal);
      waiting.delete(withdrawal);
    }
  }

  function tryAgainLater(): void {
    timer = setTimeout(() => writeAll().catch(tryAgainLater), RETRY_MS).unref();
  }

  return {
    async add(withdrawal) {
      const isFirst = waiting.size === 0;
      waiting.set(withdrawal, performance.now());
      const [oldest] = waiting.keys();
      if (waiting.size > MOST && oldest !== undefined) waiting.delete(oldest);
      // Those before it wait for the database.
      if (!isFirst) return;
      const patience = new AbortController();
      const late = sleep(PATIENCE_MS, undefined, { signal: patience.signal, ref: false }).catch(() => {});
      await Promise.race([writeAll().catch(tryAgainLater), late]);
      patience.abort();
    },
    close() {
      clearTimeout(timer);
    },
  };
}
