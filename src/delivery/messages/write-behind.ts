import { StoreUnavailable } from '../../lib/errors.ts';
import type { AttemptBegun, AttemptEnded, SendEntry, WriteEntries } from './send-log.ts';

/**
 * The log of codes. A code is not held up by the database of messages: its verification has marked the send already,
 * and in the scaled profile that mark is in Redis. So its rows are written first when the database answers within a
 * moment, and otherwise kept and written when it is back.
 */
export interface CodeLog {
  /** Resolves when the row is written, or the database does not answer within a moment. */
  begun(entry: AttemptBegun): Promise<void>;
  /** Resolves when the row is written, or the database does not answer. */
  ended(entry: AttemptEnded): Promise<void>;
  /** Entries not written yet. */
  waiting(): number;
  /** Writes what waits, if the database answers. */
  close(): Promise<void>;
}

export interface CodeLogOptions {
  write: WriteEntries;
  /** What was given up: more waited than memory may hold, or the database would not take it. */
  onLost(count: number, why: 'overflow' | 'refused'): void;
  onHeldUp(error: unknown): void;
  onRecovered(): void;
  /** Told of everything written. */
  onWritten?(entries: readonly SendEntry[]): void;
  patienceMs?: number;
  maxWaiting?: number;
}

const PATIENCE_MS = 500;
/** About 20 MB. */
const MAX_WAITING = 20_000;
const BATCH = 200;
const LONGEST_BACK_OFF_MS = 5_000;

export function createCodeLog(options: CodeLogOptions): CodeLog {
  const { write, onLost, onHeldUp, onRecovered, onWritten } = options;
  const { patienceMs = PATIENCE_MS, maxWaiting = MAX_WAITING } = options;
  const waiting: { entry: SendEntry; release(): void }[] = [];
  let running: Promise<void> | null = null;
  let failures = 0;
  let closing = false;
  let wake = () => {};

  function add(entry: SendEntry): Promise<void> {
    return new Promise((resolve) => {
      if (waiting.length >= maxWaiting) {
        onLost(1, 'overflow');
        return resolve();
      }
      waiting.push({ entry, release: resolve });
      // While the database is known to be away nobody waits for it.
      if (failures > 0) resolve();
      running ??= run();
    });
  }

  async function run(): Promise<void> {
    await null; // what comes in this tick goes together
    while (waiting.length > 0 && !(closing && failures > 0)) {
      const batch = waiting.slice(0, BATCH);
      if (!(await writeBatch(batch.map(({ entry }) => entry)))) {
        await rest(Math.min(100 * 2 ** failures, LONGEST_BACK_OFF_MS) * (0.5 + Math.random() / 2));
        continue;
      }
      waiting.splice(0, batch.length);
      for (const { release } of batch) release();
    }
    running = null;
  }

  /** False: try again. */
  async function writeBatch(entries: readonly SendEntry[]): Promise<boolean> {
    try {
      const answers = await write(entries);
      const lost = answers.filter((answer) => answer === 'failed').length;
      if (lost > 0) onLost(lost, 'refused');
      if (failures > 0) onRecovered();
      failures = 0;
      onWritten?.(entries);
      return true;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) {
        onLost(entries.length, 'refused');
        return true;
      }
      if (failures === 0) onHeldUp(error);
      failures += 1;
      for (const { release } of waiting) release();
      return false;
    }
  }

  function rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    async begun(entry) {
      let timer: NodeJS.Timeout | undefined;
      const over = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, patienceMs);
      });
      await Promise.race([add(entry), over]);
      clearTimeout(timer);
    },
    ended: add,
    waiting: () => waiting.length,
    async close() {
      closing = true;
      wake();
      await running;
    },
  };
}
