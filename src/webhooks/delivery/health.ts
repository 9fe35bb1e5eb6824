import type { Attempt } from './attempt.ts';
import { probeDelayMs, sparedMs } from './schedule.ts';

/** How an endpoint is doing. What happens to its deliveries is another matter. */
export interface Health {
  /** Attempts that failed since the last that succeeded. */
  failures: number;
  /** ms; null: the last attempt succeeded. */
  failingSince: number | null;
  /** Nothing is sent before. */
  restsUntil: number;
  /** Attempts at once. Grows while they succeed. */
  limit: number;
}

export type DisableReason = 'gone' | 'failing';

/** From here on it is held: the log waits, single probes go out. */
const HELD_AFTER = 10;
const DISABLED_AFTER_MS = 5 * 86_400_000;
const FIRST_LIMIT = 2;

export function startHealth(failures: number, failingSince: number | null): Health {
  return { failures, failingSince, restsUntil: 0, limit: failures === 0 ? FIRST_LIMIT : 1 };
}

export const isHeld = (failures: number): boolean => failures >= HELD_AFTER;

/** A probe that succeeds ends the rest; what was under way when the endpoint asked to be spared does not. */
export function afterSuccess(health: Health, mostAtOnce: number): Health {
  const restsUntil = isHeld(health.failures) ? 0 : health.restsUntil;
  return { failures: 0, failingSince: null, restsUntil, limit: Math.min(health.limit + 1, mostAtOnce) };
}

/** Attempts that were under way when a rest began, and end in it, do not count as probes. */
export function afterFailure(health: Health, attempt: Attempt, now: number, random: number): Health {
  const isLate = isHeld(health.failures) && health.restsUntil > now;
  const failures = isLate ? health.failures : health.failures + 1;
  const failed: Health = {
    failures,
    failingSince: health.failingSince ?? attempt.at,
    restsUntil: health.restsUntil,
    limit: Math.max(1, Math.floor(health.limit / 2)),
  };
  if (isLate) return failed;
  const restMs = restAfter(failed, attempt, random);
  return { ...failed, restsUntil: Math.max(failed.restsUntil, restMs > 0 ? now + restMs : 0) };
}

function restAfter(health: Health, { verdict, retryAfterMs }: Attempt, random: number): number {
  if (isHeld(health.failures)) return Math.max(probeDelayMs(health.failures - HELD_AFTER, random), retryAfterMs);
  if (verdict !== 'spare') return 0;
  return retryAfterMs > 0 ? retryAfterMs : sparedMs(health.failures, random);
}

/** Whether the failure just counted was one too many. A few failures far apart are none. */
export function disableReason(health: Health, { verdict }: Attempt, now: number): DisableReason | null {
  if (verdict === 'gone') return 'gone';
  const isOver = health.failingSince !== null && now - health.failingSince >= DISABLED_AFTER_MS;
  return isOver && isHeld(health.failures) ? 'failing' : null;
}
