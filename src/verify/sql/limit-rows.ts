import type { LimitTable } from '../../db/schema.ts';
import type { Limit } from '../challenge.ts';
import { type LimitState, limitUses } from '../limits.ts';

/** One use of each limit, as takeLimits wants it. */
export function limitRows(limits: readonly Limit[], now: number) {
  return limitUses(limits).map(({ key, windowMs }) => ({ key, count: 1, started_at: now, expires_at: now + windowMs }));
}

export function toLimitStates(rows: readonly Omit<LimitTable, 'expires_at'>[]): Map<string, LimitState> {
  return new Map(rows.map((row) => [row.key, { count: row.count, startedAt: row.started_at }]));
}
