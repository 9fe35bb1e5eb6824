import type { VerifyDeps } from './deps.ts';
import { LEASE_MS } from './flow.ts';
import { runSends } from './run-sends.ts';

const BATCH = 50;

/** Takes up what is due: sends, next steps, expiries, whatever a process that died has left. Returns how many. */
export async function runDue(deps: VerifyDeps, now: number): Promise<number> {
  const claimed = await deps.store.claimDue(now, LEASE_MS, BATCH);
  await Promise.all(claimed.map((challenge) => runSends(deps, challenge)));
  return claimed.length;
}

export interface Worker {
  /** Resolves when the round under way is done. */
  stop(): Promise<void>;
}

export interface WorkerOptions {
  onError(error: unknown): void;
  /** Pause between two looks when nothing is due. */
  idleMs?: number;
  /** Longest pause while the store does not answer. */
  maxBackoffMs?: number;
}

export function startWorker(deps: VerifyDeps, options: WorkerOptions): Worker {
  const { onError, idleMs = 250, maxBackoffMs = 5_000 } = options;
  const stopped = new AbortController();
  let backoffMs = idleMs;

  async function work(): Promise<void> {
    while (!stopped.signal.aborted) {
      const pauseMs = await runDue(deps, deps.now()).then(
        (claimed) => {
          backoffMs = idleMs;
          return claimed === BATCH ? 0 : idleMs;
        },
        (error) => {
          onError(error);
          backoffMs = Math.min(backoffMs * 2, maxBackoffMs);
          return backoffMs * (0.5 + Math.random() / 2);
        },
      );
      await pause(pauseMs, stopped.signal);
    }
  }

  const done = work();
  return {
    async stop() {
      stopped.abort();
      await done;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake, { once: true });
  });
}
