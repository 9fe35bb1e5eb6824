/** What may be sent over one trunk at a time: channels, calls per second, and pauses that it asked for. */
export interface TrunkGate {
  /** Why no call may begin now; null: one may, and has taken its channel. */
  enter(now: number): Closed | null;
  leave(): void;
  /** No new calls for so long. */
  pause(ms: number, now: number): void;
  inUse(): number;
}

export interface Closed {
  why: 'channels' | 'rate' | 'paused';
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
  let pausedUntil = Number.NEGATIVE_INFINITY;

  return {
    enter(now) {
      if (now < pausedUntil) return { why: 'paused', retryAfterMs: pausedUntil - now };
      if (used >= channels) return { why: 'channels', retryAfterMs: null };
      if (nextAt - now > burstMs) return { why: 'rate', retryAfterMs: nextAt - now - burstMs };
      nextAt = Math.max(nextAt, now) + spacingMs;
      used++;
      return null;
    },
    leave() {
      used--;
    },
    pause(ms, now) {
      pausedUntil = Math.max(pausedUntil, now + ms);
    },
    inUse: () => used,
  };
}
