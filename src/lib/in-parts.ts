import { spareTurn } from './spare-turn.ts';

/** A stretch of work that nobody notices. */
const PART = 50;

/** As Promise.all over all of them, but others have their turn of the event loop in between. */
export async function inParts<T, R>(items: readonly T[], work: (item: T) => R | Promise<R>, size = PART): Promise<R[]> {
  const parts: Promise<R[]>[] = [];
  for (let from = 0; from < items.length; from += size) {
    if (from > 0) await spareTurn();
    const part = Promise.all(items.slice(from, from + size).map(work));
    // Told of at the end.
    part.catch(() => {});
    parts.push(part);
  }
  return (await Promise.all(parts)).flat();
}
