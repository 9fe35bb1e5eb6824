/** When a link may submit: its rate, and the pauses its carrier asks for. Times are ms of any clock that never goes back. */
export interface Gate {
  /** Not before. */
  opensAt(): number;
  /** A submit leaves now. */
  pass(now: number): void;
  /** The carrier refused one because of its load. */
  throttled(now: number): void;
  /** The carrier took one. */
  accepted(): void;
}

export interface GateOptions {
  /** Null: as fast as the window lets. */
  ratePerSecond: number | null;
  /** The first pause; the next ones double while nothing is accepted in between. */
  throttlePauseMs: number;
}

/** Timers are late: what was missed so shortly before may be made up for. */
const SLACK_MS = 20;
const MAX_DOUBLINGS = 5;

export function createGate({ ratePerSecond, throttlePauseMs }: GateOptions): Gate {
  const spacingMs = ratePerSecond === null ? 0 : 1_000 / ratePerSecond;
  let nextAt = Number.NEGATIVE_INFINITY;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let pauses = 0;
  return {
    opensAt: () => Math.max(nextAt, pausedUntil),
    pass(now) {
      nextAt = Math.max(nextAt, now - SLACK_MS) + spacingMs;
    },
    throttled(now) {
      // A full window is refused at once: that is one pause, not as many as the window is wide.
      if (now < pausedUntil) return;
      pausedUntil = now + throttlePauseMs * 2 ** Math.min(pauses, MAX_DOUBLINGS);
      pauses++;
    },
    accepted() {
      pauses = 0;
    },
  };
}
