/** One clock for all calls: each gets its frame every 20 ms, on a schedule that does not drift. */
export interface Pacer {
  /** Called once for each frame; returns what ends it. */
  add(tick: () => void): () => void;
}

export const FRAME_MS = 20;
/** So many frames are made up for at once; after a longer stop the schedule begins anew. */
const MAX_LATE_FRAMES = 4;

export interface PacerClock {
  /** ms, never set back. */
  now(): number;
  /** Returns what calls it off. */
  after(ms: number, run: () => void): () => void;
}

const systemClock: PacerClock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export function createPacer(clock: PacerClock = systemClock): Pacer {
  const ticks = new Set<() => void>();
  let due = 0;
  let cancel: (() => void) | null = null;

  function run(): void {
    const now = clock.now();
    if (now - due > MAX_LATE_FRAMES * FRAME_MS) due = now;
    while (due <= now && ticks.size > 0) {
      for (const tick of ticks) tick();
      due += FRAME_MS;
    }
    cancel = ticks.size > 0 ? clock.after(Math.max(0, due - clock.now()), run) : null;
  }

  return {
    add(given) {
      // The same function may be added twice.
      const tick = () => given();
      ticks.add(tick);
      if (!cancel) {
        due = clock.now();
        cancel = clock.after(0, run);
      }
      return () => {
        ticks.delete(tick);
        if (ticks.size > 0) return;
        cancel?.();
        cancel = null;
      };
    },
  };
}
