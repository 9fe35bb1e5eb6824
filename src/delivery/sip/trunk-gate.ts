/** What may be sent over one trunk at a time: channels and calls per second. */
export interface TrunkGate {
  /** Why no call may begin now; null: one may, and has taken its channel. */
  enter(now: number): Closed | null;
  leave(): void;
  inUse(): number;
}

export interface Closed {
  why: 'channels' | 'rate';
  /** When it may be asked again; null: when a call ends. */
  retryAfterMs: number | null;
}

export function createTrunkGate({ channels, callsPerSecond }: { channels: number; callsPerSecond: number }): TrunkGate {
  const spacingMs = 1_000 / callsPerSecond;
  /** A whole second's calls may come at once, no more. */
  const burstMs = Math.max(0, 1_000 - spacingMs);
  let used = 0;
  /** When the next call would be due if calls came evenly. */
  let nextAt = Number.NEGATIVE_INFINITY;

  return {
    enter(now) {
      if (used >= channels) return { why: 'channels', retryAfterMs: null };
      if (nextAt - now > burstMs) return { why: 'rate', retryAfterMs: nextAt - now - burstMs };
      nextAt = Math.max(nextAt, now) + spacingMs;
      used++;
      return null;
    },
    leave() {
      used--;
    },
    inUse: () => used,
  };
}
