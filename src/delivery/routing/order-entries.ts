import type { Considered, Outlook } from './choose-route.ts';
import type { Strategy } from './router.ts';

/** The order a strategy gives; equals stay in the order of the table. */
export function orderEntries(
  strategy: Strategy,
  entries: readonly Considered[],
  outlook: Pick<Outlook, 'score'>,
  random: () => number,
): readonly Considered[] {
  if (entries.length < 2) return entries;
  switch (strategy) {
    case 'ordered':
      return entries;
    case 'weighted':
      return sortBy(entries, ({ entry }) => -draw(entry.weight, random));
    case 'cheapest':
      return sortBy(entries, ({ entry }) => Number(entry.cost?.amount ?? Number.POSITIVE_INFINITY));
    case 'best_conversion':
      return sortBy(entries, ({ entry }) => -outlook.score(entry.provider));
  }
}

/**
 * The greatest of `u^(1/weight)` is each entry's with a probability of its share of the weights, and so on down the
 * order (Efraimidis and Spirakis, 2006). As logarithms, because small weights would come to nothing.
 */
function draw(weight: number, random: () => number): number {
  return weight === 0 ? Number.NEGATIVE_INFINITY : Math.log(random()) / weight;
}

function sortBy(entries: readonly Considered[], keyOf: (one: Considered) => number): readonly Considered[] {
  const keyed = entries.map((one) => ({ one, key: keyOf(one) }));
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ one }) => one);
}

/** Infinity minus infinity is no number. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
