import { setTimeout as sleep } from 'node:timers/promises';
import { isLockTimeout } from '../db/errors.ts';
import { StoreUnavailable } from '../lib/errors.ts';

/** What has to be written once the database takes it. */
export interface Withdrawals<T> {
  /** Resolves when it is written, or soon: then it is tried again until it is. */
  add(withdrawal: T): Promise<void>;
  close(): void;
}

/** A caller waits no longer for it. */
const PATIENCE_MS = 500;
/** So that callers still wait where it fails once. */
const RETRY_MS = 100;
/** Codes do not live as long. */
const KEPT_MS = 900_000;
const MOST = 10_000;

interface Entry<T> {
  withdrawal: T;
  since: number;
  written: PromiseWithResolvers<void>;
}

/** `write` is given all that waits at a time. */
export function createWithdrawals<T>(write: (withdrawals: readonly T[]) => Promise<void>): Withdrawals<T> {
  /** The oldest first. */
  const waiting = new Set<Entry<T>>();
  /** They are being written, or will be tried again. */
  let isBusy = false;
  let timer: NodeJS.Timeout | undefined;

  async function writeAll(): Promise<void> {
    isBusy = true;
    await null; // those of the same tick go together
    let isTaken = true;
    while (isTaken && waiting.size > 0) isTaken = await writeWaiting();
    isBusy = !isTaken;
    if (isBusy) timer = setTimeout(writeAll, RETRY_MS).unref();
  }

  /** Whether the database took all of it. */
  async function writeWaiting(): Promise<boolean> {
    forgetOld();
    const entries = [...waiting];
    const outcome = await tryToWrite(entries);
    if (outcome !== 'refused') return outcome === 'written';
    // One of them is what it will not take, or must wait too long for.
    for (const entry of entries) {
      if ((await tryToWrite([entry])) === 'failed') break;
    }
    return false;
  }

  async function tryToWrite(entries: readonly Entry<T>[]): Promise<'written' | 'refused' | 'failed'> {
    try {
      await write(entries.map(({ withdrawal }) => withdrawal));
    } catch (error) {
      return error instanceof StoreUnavailable && !isLockTimeout(error) ? 'failed' : 'refused';
    }
    for (const entry of entries) {
      waiting.delete(entry);
      entry.written.resolve();
    }
    return 'written';
  }

  function forgetOld(): void {
    for (const entry of waiting) {
      const isOld = performance.now() - entry.since >= KEPT_MS;
      if (!isOld && waiting.size <= MOST) return;
      waiting.delete(entry);
    }
  }

  return {
    async add(withdrawal) {
      const entry = { withdrawal, since: performance.now(), written: Promise.withResolvers<void>() };
      waiting.add(entry);
      forgetOld();
      if (!isBusy) writeAll();
      const patience = new AbortController();
      const late = sleep(PATIENCE_MS, undefined, { signal: patience.signal, ref: false }).catch(() => {});
      await Promise.race([entry.written.promise, late]);
      patience.abort();
    },
    close() {
      clearTimeout(timer);
      waiting.clear();
    },
  };
}
