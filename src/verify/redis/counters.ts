import { keys, shardOfKey, type Tag, tagOfShard } from '../../db/redis/keys.ts';
import type { Budget, Limit } from '../challenge.ts';

/**
 * Where a counter lives. Limits of a recipient and its number range live beside the recipient's challenges; everything
 * else, budgets too (they are put back and reset by key alone), in the shard of its own key.
 */
export function tagOfLimit(limit: Limit, home: Tag): Tag {
  const isHome = limit.name === 'prefix' || limit.name.startsWith('recipient_');
  return isHome ? home : tagOfCounter(limit.key);
}

export function tagOfCounter(key: string): Tag {
  return tagOfShard(shardOfKey(key));
}

export function budgetKeys(budgets: readonly Budget[]): string[] {
  return budgets.map(({ key }) => keys.budget(tagOfCounter(key), key));
}

export function limitKeys(limits: readonly Limit[], home: Tag): string[] {
  return limits.map((limit) => keys.limit(tagOfLimit(limit, home), limit.key));
}

/** As lib-budgets.lua reads them. */
export function budgetArgs(budgets: readonly Budget[]): (string | number)[] {
  return budgets.flatMap(({ name, max, hardMax, windowMs, lockMs }) => [name, max, hardMax, windowMs, lockMs]);
}

/** Beyond its window, for projects that give the same counter a longer one. */
const KEEP_MS = 3_600_000;

/** As lib-limits.lua reads them. */
export function limitArgs(limits: readonly Limit[]): number[] {
  return limits.flatMap(({ max, windowMs }) => [max, windowMs, windowMs + KEEP_MS]);
}
