import { keys, shardOfKey, type Tag, tagOfShard } from '../../db/redis/keys.ts';
import type { Budget, Limit } from '../challenge.ts';

/** A limit with its place in the caller's list: the first that is hit is named. */
export interface PlacedLimit extends Limit {
  position: number;
}

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
  return budgets.flatMap(({ name, key, max, windowMs, lockMs, hardMax }) => [
    name,
    key,
    max,
    windowMs,
    lockMs,
    hardMax,
  ]);
}

/** As lib-limits.lua reads them. */
export function limitArgs(limits: readonly PlacedLimit[]): (string | number)[] {
  return limits.flatMap(({ position, name, max, windowMs }) => [position, name, max, windowMs]);
}

export function placed(limits: readonly Limit[]): PlacedLimit[] {
  return limits.map((limit, position) => ({ ...limit, position }));
}
