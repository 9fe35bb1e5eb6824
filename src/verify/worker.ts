import type { Challenge } from './challenge.ts';
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
  /** Challenges worked on at once. */
  slots?: number;
  /** Longest pause while the store does not answer. */
  maxBackoffMs?: number;
}

export function startWorker(deps: VerifyDeps, options: WorkerOptions): Worker {
  const { onError, idleMs = 250, maxBackoffMs = 5_000, slots = 200 } = options;
  const stopped = new AbortController();
  const running = new Set<Promise<void>>();
  let backoffMs = idleMs;

  /** Carriers that hang hold their own slots only; others are claimed meanwhile. */
  function run(challenge: Challenge): void {
    const task: Promise<void> = runSends(deps, challenge)
      .catch(onError)
      .finally(() => running.delete(task));
    running.add(task);
  }

  /** How long to pause before the next look. */
  async function look(): Promise<number> {
    const free = Math.min(BATCH, slots - running.size);
    if (free === 0) return idleMs;
    const claimed = await deps.store.claimDue(deps.now(), LEASE_MS, free);
    for (const challenge of claimed) run(challenge);
    backoffMs = idleMs;
    return claimed.length === BATCH ? 0 : idleMs;
  }

  async function work(): Promise<void> {
    while (!stopped.signal.aborted) {
      const pauseMs = await look().catch((error) => {
        onError(error);
        backoffMs = Math.min(backoffMs * 2, maxBackoffMs);
        return backoffMs * (0.5 + Math.random() / 2);
      });
      await pause(pauseMs, stopped.signal);
    }
    await Promise.all(running);
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
