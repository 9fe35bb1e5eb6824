import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../../src/webhooks/delivery/attempt.ts';
import {
  afterFailure,
  afterSuccess,
  disableReason,
  type Health,
  isHeld,
  startHealth,
} from '../../../src/webhooks/delivery/health.ts';

const DAY = 86_400_000;

const failed = (at: number, more: Partial<Attempt> = {}): Attempt => ({
  ...{ at, durationMs: 1, verdict: 'failed', status: 500, error: null, excerpt: null, retryAfterMs: 0 },
  ...more,
});

/** Each attempt when the rest before it is over. */
function failTimes(count: number, from: Health = startHealth(0, null), at = 0): Health {
  let health = from;
  for (let now = at, left = count; left > 0; left -= 1) {
    now = Math.max(now, health.restsUntil);
    health = afterFailure(health, failed(now), now, 0);
  }
  return health;
}

describe('the health of an endpoint', () => {
  it('attempts at once grow with every success up to the most there may be, and halve with every failure', () => {
    let health = startHealth(0, null);
    expect(health.limit).toBe(2);
    for (let count = 0; count < 50; count += 1) health = afterSuccess(health, 32);
    expect(health.limit).toBe(32);
    expect(afterFailure(health, failed(0), 0, 0).limit).toBe(16);
    expect(failTimes(9).limit).toBe(1);
    expect(startHealth(1, 0).limit).toBe(1);
  });

  it('ten failures in a row hold it; probes come further and further apart, up to half an hour', () => {
    expect(isHeld(failTimes(9).failures)).toBe(false);
    const rests = [10, 11, 12, 13, 14, 15, 16, 30].map((count) => {
      const before = failTimes(count - 1);
      const now = before.restsUntil;
      return (afterFailure(before, failed(now), now, 0).restsUntil - now) / 1_000;
    });
    expect(rests).toEqual([5, 30, 60, 300, 900, 1_800, 1_800, 1_800]);
  });

  it('attempts that end while it rests count for nothing', () => {
    const held = failTimes(10);
    expect(afterFailure(held, failed(0), 1, 0)).toEqual({ ...held, limit: 1 });
  });

  it('being asked for patience is no failure that a success under way takes back', () => {
    const spared = afterFailure(startHealth(0, null), failed(0, { verdict: 'spare', retryAfterMs: 60_000 }), 0, 0);
    expect(spared.restsUntil).toBe(60_000);
    expect(afterSuccess(spared, 32).restsUntil).toBe(60_000);
  });

  it('a success takes back all failures, and ends the rest of one that is held', () => {
    expect(afterSuccess(failTimes(20), 32)).toMatchObject({ failures: 0, failingSince: null, restsUntil: 0 });
  });

  it('it is disabled when it has failed for five days, often', () => {
    const often = failTimes(20);
    expect(disableReason(often, failed(5 * DAY - 1), 5 * DAY - 1)).toBeNull();
    expect(disableReason(often, failed(5 * DAY), 5 * DAY)).toBe('failing');
    expect(disableReason(failTimes(9), failed(5 * DAY), 5 * DAY)).toBeNull();
    expect(disableReason(startHealth(0, null), failed(0, { verdict: 'gone' }), 0)).toBe('gone');
  });
});
