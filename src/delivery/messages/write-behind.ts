import { StoreUnavailable } from '../../lib/errors.ts';
import type { AttemptBegun, AttemptEnded, CodeLost, SendEntry, WriteEntries } from './send-log.ts';

/**
 * The log of codes. A code is not held up by the database of messages: its verification has marked the send already, and
 * of a process that dies before it has written the row, whoever finds that mark writes it. So what happens to many codes
 * is gathered for a moment and written together, mostly a whole send in one row. The verification hears what a carrier
 * said after it was written, or once the database has not answered for a while; what waits then is written when it is back.
 */
export interface CodeLog {
  /** Written within a moment, with all that is known by then. */
  begun(entry: AttemptBegun): void;
  /** Resolves when it is written, or the database does not answer. */
  ended(entry: AttemptEnded | CodeLost): Promise<void>;
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
  gatherMs?: number;
  patienceMs?: number;
  maxWaiting?: number;
}

/** From one write to the next, and from a beginning to its row. An end that comes after a pause is written at once. */
const GATHER_MS = 50;
const PATIENCE_MS = 500;
/** About 20 MB. */
const MAX_WAITING = 20_000;
const BATCH = 200;
const LONGEST_BACK_OFF_MS = 5_000;

interface Waiting {
  entry: SendEntry;
  /** Of an end: somebody waits for it. */
  release: (() => void) | null;
}

export function createCodeLog(options: CodeLogOptions): CodeLog {
  const { write, onLost, onHeldUp, onRecovered, onWritten } = options;
  const { gatherMs = GATHER_MS, patienceMs = PATIENCE_MS, maxWaiting = MAX_WAITING } = options;
  const waiting: Waiting[] = [];
  let running: Promise<void> | null = null;
  let failures = 0;
  let hangs = false;
  let closing = false;
  let isWanted = false;
  let wroteAt = Number.NEGATIVE_INFINITY;
  let wake = () => {};
  let wakeWhenWanted = () => {};

  function add(entry: SendEntry, release: Waiting['release']): void {
    if (waiting.length >= maxWaiting) {
      onLost(1, 'overflow');
      release?.();
      return;
    }
    waiting.push({ entry, release });
    // While the database is known to be away nobody waits for it.
    if (failures > 0 || hangs) release?.();
    if (release && !isWanted) {
      isWanted = true;
      wakeWhenWanted();
    }
    running ??= run();
  }

  async function run(): Promise<void> {
    await null; // what comes in this tick goes together
    while (waiting.length > 0 && !(closing && failures > 0)) {
      await gather();
      wroteAt = performance.now();
      const batch = waiting.slice(0, BATCH);
      if (!(await writeBatch(batch.map(({ entry }) => entry)))) {
        await rest(Math.min(100 * 2 ** failures, LONGEST_BACK_OFF_MS) * (0.5 + Math.random() / 2));
        continue;
      }
      waiting.splice(0, batch.length);
      for (const { release } of batch) release?.();
      isWanted = waiting.some(({ release }) => release !== null);
    }
    running = null;
  }

  async function gather(): Promise<void> {
    if (waiting.length >= BATCH) return;
    if (!isWanted) await rest(gatherMs, true);
    const leftMs = wroteAt + gatherMs - performance.now();
    if (leftMs > 0) await rest(leftMs);
  }

  /** False: try again. */
  async function writeBatch(entries: readonly SendEntry[]): Promise<boolean> {
    const timer = setTimeout(() => {
      hangs = true;
      releaseAll();
    }, patienceMs);
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
      releaseAll();
      return false;
    } finally {
      clearTimeout(timer);
      hangs = false;
    }
  }

  function releaseAll(): void {
    for (const { release } of waiting) release?.();
  }

  function rest(ms: number, untilWanted = false): Promise<void> {
    if (closing) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      wakeWhenWanted = untilWanted ? wake : () => {};
    });
  }

  return {
    begun: (entry) => add(entry, null),
    ended: (entry) => new Promise((resolve) => add(entry, resolve)),
    waiting: () => waiting.length,
    async close() {
      closing = true;
      wake();
      await running;
    },
  };
}
