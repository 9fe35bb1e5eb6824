import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/**
 * SQLite's log must be copied to the file before it can begin anew. Left to itself SQLite does that within some commit,
 * and everybody waits for the disk: 50 ms and more. Here another thread copies while this one goes on writing; what
 * was written meanwhile is little, and copied between two transactions.
 */
export interface Checkpointer {
  /** Call it where no transaction is open, before the next one begins. */
  betweenTransactions(): void;
  close(): Promise<void>;
}

const LOG_BYTES = 16 * 1024 * 1024;
/** The thread has nothing to keep. */
const LIMITS = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 };

/** `copyRest` checkpoints on the connection that writes. */
export function createCheckpointer(path: string, copyRest: () => void): Checkpointer {
  let worker: Worker | null = null;
  let state: 'idle' | 'copying' | 'copied' = 'idle';
  /** Of the log, when it was last copied. */
  let copiedBytes = 0;

  function start(): Worker {
    const started = new Worker(new URL('./checkpoint-worker.js', import.meta.url), {
      workerData: path,
      resourceLimits: LIMITS,
    });
    started.on('message', () => {
      state = 'copied';
    });
    // It is begun anew with the next copy; until that works SQLite does it within commits.
    started.on('error', () => {
      state = 'idle';
      worker = null;
    });
    started.unref();
    return started;
  }

  return {
    betweenTransactions() {
      if (state === 'copied') {
        state = 'idle';
        try {
          copyRest();
        } catch {
          // Whatever is wrong with the disk, the next commit will tell its caller; this is nobody's.
        }
      }
      const bytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      if (bytes < copiedBytes) copiedBytes = 0;
      if (state === 'copying' || bytes - copiedBytes < LOG_BYTES) return;
      copiedBytes = bytes;
      state = 'copying';
      worker ??= start();
      worker.postMessage(null);
    },
    async close() {
      await worker?.terminate();
    },
  };
}
