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
  /** Three for each key. */
  args: string[];
}

/** Beyond its window; keep in step with lib-limits.lua. */
const KEEP_MS = 3_600_000;

/** `places`: where each limit stands in the caller's list. */
export function packLimits(
  limits: readonly Limit[],
  home: Tag,
  now: number,
  places: readonly number[] = [...limits.keys()],
): PackedLimits {
  const counters = new Map<string, { value: string; longestMs: number; isForbidden: boolean; text: string }>();
  for (const [index, limit] of limits.entries()) {
    const { key, window } = counterOf(limit, home);
    const counter = counters.get(key) ?? { value: '', longestMs: 0, isForbidden: false, text: '' };
    counters.set(key, counter);
    const longestMs = limits.reduce((ms, other) => (other.key === limit.key ? Math.max(ms, other.windowMs) : ms), 0);
    const isNamedBefore = limits.findIndex((other) => other.key === limit.key) < index;
    if (!isNamedBefore) counter.value += `;${window}=1:${now}:${longestMs}`;
    counter.longestMs = Math.max(counter.longestMs, longestMs);
    counter.isForbidden ||= limit.max <= 0;
    counter.text += `${places[index]} ${window} ${Math.max(0, limit.max)} ${limit.windowMs} ${longestMs} ${isNamedBefore ? 0 : 1};`;
  }
  return {
    keys: [...counters.keys()],
    args: [...counters.values()].flatMap(({ value, longestMs, isForbidden, text }) => [
      isForbidden ? '' : value,
      String(longestMs + KEEP_MS),
      text,
    ]),
  };
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
