/** Before each attempt of a delivery, from the first on: 75 hours (Standard Webhooks, "Retry schedule"). */
export const DELAYS_SECONDS = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/** Between two probes of an endpoint that takes nothing; the last again and again. */
const PROBE_DELAYS_SECONDS = [5, 30, 60, 300, 900, 1_800];

/** For one that asks to be spared, without saying how long. */
const SPARED_MS = 5_000;
const LONGEST_SPARED_MS = 300_000;

/** Up to a fifth more, so that what failed together does not come again together. */
const JITTER = 0.2;

/** When a delivery is tried again of which so many attempts are over; null: no more. */
export function nextAttemptAt(step: number, now: number, retryAfterMs: number, random: number): number | null {
  const seconds = DELAYS_SECONDS[step];
  return seconds === undefined ? null : now + Math.max(spread(seconds * 1_000, random), retryAfterMs);
}

/** How long an endpoint is left alone before the next probe, of which so many have failed. */
export function probeDelayMs(failedProbes: number, random: number): number {
  const seconds = PROBE_DELAYS_SECONDS[failedProbes] ?? PROBE_DELAYS_SECONDS.at(-1) ?? 0;
  return spread(seconds * 1_000, random);
}

export function sparedMs(failures: number, random: number): number {
  return spread(Math.min(SPARED_MS * 2 ** (failures - 1), LONGEST_SPARED_MS), random);
}

function spread(ms: number, random: number): number {
  return Math.round(ms * (1 + JITTER * random));
}
