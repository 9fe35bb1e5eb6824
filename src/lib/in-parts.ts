import { setImmediate } from 'node:timers/promises';

/** A stretch of work that nobody notices. */
const PART = 50;

/** As Promise.all over all of them, but others have their turn of the event loop in between. */
export async function inParts<T, R>(items: readonly T[], work: (item: T) => R | Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += PART) {
    if (from > 0) await setImmediate();
    results.push(...(await Promise.all(items.slice(from, from + PART).map(work))));
  }
  return results;
}
