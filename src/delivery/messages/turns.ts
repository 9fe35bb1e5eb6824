/** Those who wait for the same come back one after the other and not all at once. */
export interface Turns {
  /** When to come back; at `perSecond`, among those who are given turns by the same name. */
  next(name: string, perSecond: number, earliest: number): number;
}

/** Faster than this nothing is looked at again. */
const MAX_PER_SECOND = 1_000;
const MAX_NAMES = 1_000;

export function createTurns(): Turns {
  const given = new Map<string, number>();
  return {
    next(name, perSecond, earliest) {
      const at = Math.max(earliest, (given.get(name) ?? 0) + 1000 / Math.min(perSecond, MAX_PER_SECOND));
      if (given.size >= MAX_NAMES) forgetPast(given, earliest);
      given.set(name, at);
      return Math.ceil(at);
    },
  };
}

/** The last turn is over: the next one is when it is wanted. */
function forgetPast(given: Map<string, number>, now: number): void {
  for (const [name, at] of given) if (at <= now) given.delete(name);
}
