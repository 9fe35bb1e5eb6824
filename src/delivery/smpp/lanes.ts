import type { Purpose } from '../provider.ts';
import type { Sending } from './sending.ts';

/** Messages of which nothing has left: codes before transactional ones before marketing, each in order of arrival. */
export interface Lanes {
  add(sending: Sending): void;
  /** Before all others of its purpose: it has waited already. */
  restore(sending: Sending): void;
  first(): Sending | undefined;
  delete(sending: Sending): void;
  /** Of a lesser purpose than this, the one that came last. */
  lastBelow(purpose: Purpose): Sending | undefined;
  all(): Sending[];
  size(): number;
}

const PURPOSES: readonly Purpose[] = ['code', 'transactional', 'marketing'];

export const rankOf = (purpose: Purpose) => PURPOSES.indexOf(purpose);

export function createLanes(): Lanes {
  // Two of each purpose, the restored ones first.
  const sets = PURPOSES.flatMap(() => [new Set<Sending>(), new Set<Sending>()]);
  const setOf = (purpose: Purpose, which: 0 | 1) => sets[rankOf(purpose) * 2 + which];

  return {
    add: (sending) => void setOf(sending.purpose, 1)?.add(sending),
    restore: (sending) => void setOf(sending.purpose, 0)?.add(sending),
    first() {
      for (const set of sets) for (const sending of set) return sending;
      return undefined;
    },
    delete(sending) {
      setOf(sending.purpose, 0)?.delete(sending);
      setOf(sending.purpose, 1)?.delete(sending);
    },
    lastBelow(purpose) {
      return sets
        .slice((rankOf(purpose) + 1) * 2)
        .flatMap((set) => [...set])
        .at(-1);
    },
    all: () => sets.flatMap((set) => [...set]),
    size: () => sets.reduce((sum, set) => sum + set.size, 0),
  };
}
