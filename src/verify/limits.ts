import type { Channel, Limit } from './challenge.ts';
import type { LimitHit } from './store.ts';

/** A counter. Its window opened at `startedAt`, by the first use; how long it lasts is the caller's to say. */
export interface LimitState {
  count: number;
  startedAt: number;
}

/** Those that one send takes: an address's only if it goes there, and cool-downs only if somebody asked for it. */
export function limitsOfSend(limits: readonly Limit[], channel: Channel, isRequested: boolean): Limit[] {
  return limits.filter(
    ({ name }) => (channel === 'email' || !name.startsWith('email_')) && (isRequested || !name.endsWith('_cooldown')),
  );
}

/** What is counted once per call: the key, over the longest window that is asked of it. In the order of the keys. */
export function limitUses(limits: readonly Limit[]): { key: string; windowMs: number }[] {
  const windows = new Map<string, number>();
  for (const { key, windowMs } of limits) windows.set(key, Math.max(windowMs, windows.get(key) ?? 0));
  return [...windows].map(([key, windowMs]) => ({ key, windowMs })).sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** One use more; the first of a new window when the old one is over. */
export function takeLimit(state: LimitState | undefined, windowMs: number, now: number): LimitState {
  return state && now < state.startedAt + windowMs
    ? { count: state.count + 1, startedAt: state.startedAt }
    : { count: 1, startedAt: now };
}

/** The first limit that the uses, already counted in `taken`, went over. */
export function findLimitHit(
  limits: readonly Limit[],
  taken: ReadonlyMap<string, LimitState>,
  now: number,
): LimitHit | null {
  for (const { name, key, max, windowMs } of limits) {
    if (max <= 0) return { kind: 'limited', limit: name, retryAt: now + windowMs };
    const { count, startedAt } = taken.get(key) ?? { count: 1, startedAt: now };
    const retryAt = startedAt + windowMs;
    if (count > max && now < retryAt) return { kind: 'limited', limit: name, retryAt };
  }
  return null;
}
