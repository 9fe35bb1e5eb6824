import { createHmac, type KeyObject } from 'node:crypto';
import type { RateCounter } from './rate-counter.ts';

export interface RatePolicy {
  /** Public: it is named in headers and in 429 answers. */
  name: string;
  max: number;
  windowSeconds: number;
}

export interface RateUse {
  policy: RatePolicy;
  allowed: boolean;
  remaining: number;
  /** Until the window ends and the whole quota is back. */
  resetSeconds: number;
}

export interface RateLimiter {
  /** Counts one use. Answers at once when this instance may decide alone, else after asking the shared counter. */
  use(policy: RatePolicy, subject: string, now: number): RateUse | Promise<RateUse>;
  /** What `use` would answer if this instance knows already that it refuses, else null. Counts nothing, asks nobody. */
  refusal(policy: RatePolicy, subject: string, now: number): RateUse | null;
  /** Hands over what is counted but not shared yet; for shutdown. */
  flush(now: number): Promise<void>;
}

export interface RateLimiterOptions {
  counter: RateCounter;
  /** Hashes subjects for shared keys: an address is personal data. */
  hashKey: KeyObject;
  /** Told when the shared counter stops and starts answering. */
  onDegraded(error: unknown): void;
  onRecovered(): void;
}

/** An instance keeps to itself at most this fraction of what was left when it last asked. */
const AHEAD = 1 / 256;
/** What is counted here is shared at the next use after this time, at the latest. */
const SYNC_MS = 250;
/** After a failure the shared counter is left alone this long; meanwhile this instance counts for itself. */
const RETRY_MS = 1_000;
/** Subjects remembered; a flood of new addresses forgets the oldest, which then ask the shared counter again. */
const MAX_WINDOWS = 20_000;

interface Window {
  key: string;
  max: number;
  endsAt: number;
  /** Uses by all instances, as far as known here. */
  total: number;
  /** Of these, not shared yet. */
  unshared: number;
  /** How many may stay unshared. */
  ahead: number;
  sharedAt: number;
}

/**
 * Fixed windows, aligned to the clock, so that all instances agree on them without talking.
 *
 * Asking the shared counter on every request would cost more than the rest of the HTTP layer. So an instance counts
 * ahead, by less the nearer the limit is, and not at all while the window is new to it or fewer than 256 uses are
 * left: there every use waits for the shared count. Limits below 256 are exact; above, each instance may let at most
 * 1/256 of `max` through too many, or take as much with it when it is killed.
 */
export function createRateLimiter({ counter, hashKey, onDegraded, onRecovered }: RateLimiterOptions): RateLimiter {
  const windows = new Map<string, Window>();
  let failing = false;
  let retryAt = 0;

  const answer = (policy: RatePolicy, window: Window, position: number, now: number): RateUse => ({
    policy,
    allowed: position <= policy.max,
    remaining: Math.max(0, policy.max - position),
    resetSeconds: Math.max(1, Math.ceil((window.endsAt - now) / 1000)),
  });

  function windowOf(policy: RatePolicy, subject: string, now: number): Window {
    const name = nameOf(policy, subject);
    const known = windows.get(name);
    if (known && now < known.endsAt) return known;
    windows.delete(name);
    const windowMs = policy.windowSeconds * 1000;
    const start = Math.floor(now / windowMs);
    const fresh = {
      key: `http:${policy.name}:${createHmac('sha256', hashKey).update(subject).digest('base64url')}:${start}`,
      max: policy.max,
      endsAt: (start + 1) * windowMs,
      total: 0,
      unshared: 0,
      ahead: 0,
      sharedAt: now,
    };
    windows.set(name, fresh);
    // A Map keeps the order of insertion.
    if (windows.size > MAX_WINDOWS) windows.delete(windows.keys().next().value as string);
    return fresh;
  }

  async function share(window: Window, now: number): Promise<number> {
    const uses = window.unshared;
    const position = window.total;
    window.unshared = 0;
    window.sharedAt = now;
    // One use in RETRY_MS finds out whether the counter is back; the others do not wait for it.
    if (failing) retryAt = now + RETRY_MS;
    try {
      const total = await counter.add(window.key, uses, now, window.endsAt);
      window.total = Math.max(window.total, total);
      window.ahead = Math.floor((window.max - window.total) * AHEAD);
      if (failing) onRecovered();
      failing = false;
      return total;
    } catch (error) {
      window.unshared += uses;
      if (!failing) onDegraded(error);
      failing = true;
      retryAt = now + RETRY_MS;
      return position;
    }
  }

  return {
    use(policy, subject, now) {
      const window = windowOf(policy, subject, now);
      const at = (position: number) => answer(policy, window, position, now);
      if (window.total >= policy.max) return at(policy.max + 1);
      window.total++;
      window.unshared++;
      const mayDecide = window.unshared <= window.ahead;
      if ((mayDecide && now - window.sharedAt < SYNC_MS) || (failing && now < retryAt)) return at(window.total);
      const shared = share(window, now);
      return mayDecide ? at(window.total) : shared.then(at);
    },
    refusal(policy, subject, now) {
      const window = windows.get(nameOf(policy, subject));
      const usedUp = window && now < window.endsAt && window.total >= policy.max;
      return usedUp ? answer(policy, window, policy.max + 1, now) : null;
    },
    async flush(now) {
      const open = [...windows.values()].filter((window) => window.unshared > 0 && now < window.endsAt);
      await Promise.all(open.map((window) => share(window, now)));
    },
  };
}

function nameOf(policy: RatePolicy, subject: string): string {
  return `${policy.name}:${subject}`;
}
