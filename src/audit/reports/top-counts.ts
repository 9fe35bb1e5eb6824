/** The keys that were counted most often, in bounded memory. */
export interface TopCounts<Detail> {
  add(key: string, detail: () => Detail): Detail;
  /** Most first. */
  top(): { key: string; count: number; detail: Detail }[];
  /** No count is too low by more than this, and none too high; 0: all are exact. */
  undercount(): number;
}

/** Misra and Gries: where there are too many keys, one is taken off every count, and those at nothing are forgotten. */
export function createTopCounts<Detail>(maxKeys = 100_000): TopCounts<Detail> {
  const counts = new Map<string, { count: number; detail: Detail }>();
  let undercount = 0;

  function makeRoom(): void {
    undercount += 1;
    for (const [key, entry] of counts) {
      entry.count -= 1;
      if (entry.count === 0) counts.delete(key);
    }
  }

  return {
    add(key, detail) {
      const known = counts.get(key);
      if (known) {
        known.count += 1;
        return known.detail;
      }
      const made = { count: 1, detail: detail() };
      counts.set(key, made);
      if (counts.size > maxKeys) makeRoom();
      return made.detail;
    },
    top: () => [...counts].map(([key, entry]) => ({ key, ...entry })).sort((a, b) => b.count - a.count),
    undercount: () => undercount,
  };
}
