/** One clock for all calls: each gets its frame every 20 ms, on a schedule that does not drift. */
export interface Pacer {
  /** Called once for each frame; returns what ends it. */
  add(tick: () => void): () => void;
}

export const FRAME_MS = 20;
/** So many frames are made up for at once; what a longer stop left out is not. */
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

/**
 * A frame takes a system call: those of 200 calls at once keep the process busy for half a frame, and whatever comes in
 * between moves all that follow. So calls are spread evenly over the frame.
 */
const PHASES = 10;

export function createPacer(clock: PacerClock = systemClock): Pacer {
  const phases = Array.from({ length: PHASES }, () => createPhase(clock));
  /** When the first phase was due at some time. */
  let start = 0;

  return {
    add(given) {
      if (phases.every((phase) => phase.size() === 0)) start = clock.now();
      const [number, phase] = fewest(phases);
      // The same function may be added twice.
      return phase.add(() => given(), start + (number * FRAME_MS) / PHASES);
    },
  };
}

function fewest(phases: readonly Phase[]): [number, Phase] {
  const sizes = phases.map((phase) => phase.size());
  const number = sizes.indexOf(Math.min(...sizes));
  return [number, phases[number] as Phase];
}

type Phase = ReturnType<typeof createPhase>;

/** Calls whose frames are due together. */
function createPhase(clock: PacerClock) {
  const ticks = new Set<() => void>();
  let due = 0;
  let cancel: (() => void) | null = null;

  function run(): void {
    const now = clock.now();
    // Its phase stays its own.
    if (now - due > MAX_LATE_FRAMES * FRAME_MS) due = now - ((now - due) % FRAME_MS);
    while (due <= now && ticks.size > 0) {
      for (const tick of ticks) tick();
      due += FRAME_MS;
    }
    cancel = ticks.size > 0 ? clock.after(Math.max(0, due - clock.now()), run) : null;
  }

  return {
    size: () => ticks.size,
    /** `from`: a time at which this phase is due. */
    add(tick: () => void, from: number): () => void {
      ticks.add(tick);
      if (!cancel) {
        const now = clock.now();
        due = from + Math.ceil(Math.max(0, now - from) / FRAME_MS) * FRAME_MS;
        cancel = clock.after(due - now, run);
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
