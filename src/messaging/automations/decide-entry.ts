import type { Definition } from './automation.ts';

/** What is known of a contact's earlier runs. */
export interface Entries {
  entries: number;
  running: number;
  lastAt: number;
  windowAt: number;
  windowEntries: number;
}

export type EntryRefusal = 'entered_before' | 'already_in' | 'cooling_down' | 'too_often' | 'too_deep';

/** What one automation sets off in another is followed so far: two that set each other off come to an end. */
export const MAX_DEPTH = 5;
/** Whatever the rules of re-entry are. */
export const MAX_ENTRIES = 10;
export const WINDOW_MS = 86_400_000;

/** The entries with one more, or why there is none. */
export function decideEntry(
  { reentry = 'after_end', cooldown_seconds: cooldown = 0 }: Pick<Definition, 'reentry' | 'cooldown_seconds'>,
  known: Entries,
  depth: number,
  now: number,
): Entries | EntryRefusal {
  if (depth > MAX_DEPTH) return 'too_deep';
  if (reentry === 'never' && known.entries > 0) return 'entered_before';
  if (reentry === 'after_end' && known.running > 0) return 'already_in';
  // One in the future: the clock was set back.
  const sinceLast = Math.abs(now - known.lastAt);
  if (known.entries > 0 && sinceLast < cooldown * 1000) return 'cooling_down';
  const isNewWindow = known.entries === 0 || Math.abs(now - known.windowAt) >= WINDOW_MS;
  if (!isNewWindow && known.windowEntries >= MAX_ENTRIES) return 'too_often';
  return {
    entries: known.entries + 1,
    running: known.running + 1,
    lastAt: now,
    windowAt: isNewWindow ? now : known.windowAt,
    windowEntries: isNewWindow ? 1 : known.windowEntries + 1,
  };
}
