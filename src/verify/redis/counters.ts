import { keys, shardOfKey, type Tag, tagOfShard } from '../../db/redis/keys.ts';
import type { Budget, Limit } from '../challenge.ts';

/**
 * Where a counter lives. Limits of a recipient and its number range live beside the recipient's challenges; everything
 * else, budgets too (they are put back and reset by key alone), in the shard of its own key.
 */
export function tagOfLimit(limit: Limit, home: Tag): Tag {
  return isOfRecipient(limit) || limit.name === 'prefix' ? home : tagOfCounter(limit.key);
}

export function tagOfCounter(key: string): Tag {
  return tagOfShard(shardOfKey(key));
}

export function budgetKeys(budgets: readonly Budget[]): string[] {
  return budgets.map(({ key }) => keys.budget(tagOfCounter(key), key));
}

/** As lib-budgets.lua reads them. */
export function budgetArgs(budgets: readonly Budget[]): string[] {
  return budgets.map(({ name, max, hardMax, windowMs, lockMs }) => `${name} ${max} ${hardMax} ${windowMs} ${lockMs}`);
}

/** Limits as lib-limits.lua reads them. */
export interface PackedLimits {
  keys: string[];
  text: string;
}

/** `places`: where each limit stands in the caller's list. */
export function packLimits(limits: readonly Limit[], home: Tag, places?: readonly number[]): PackedLimits {
  const names: string[] = [];
  let text = '';
  for (const [index, limit] of limits.entries()) {
    const { key, window } = counterOf(limit, home);
    const known = names.indexOf(key);
    const at = known < 0 ? names.push(key) - 1 : known;
    const same = limits.filter((other) => other.key === limit.key);
    const longestMs = Math.max(...same.map(({ windowMs }) => windowMs));
    const counts = same[0] === limit ? 1 : 0;
    const max = Math.max(0, limit.max);
    text += `${places?.[index] ?? index} ${at} ${window} ${max} ${limit.windowMs} ${longestMs} ${counts};`;
  }
  return { keys: names, text };
}

function isOfRecipient({ name }: Limit): boolean {
  return name.startsWith('recipient_');
}

/** The windows of one recipient are one value, because every send takes them together. */
function counterOf(limit: Limit, home: Tag): { key: string; window: string } {
  const tag = tagOfLimit(limit, home);
  if (!isOfRecipient(limit)) return { key: keys.limit(tag, limit.key), window: 'n' };
  const colon = limit.key.indexOf(':');
  return { key: keys.limit(tag, `r${limit.key.slice(colon)}`), window: limit.key.slice(0, colon) };
}
