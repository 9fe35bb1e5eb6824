import type { Budget, ChallengeFacts } from '../challenge.ts';

/** What the end of an attempt depends on. Part of the facts, so it never changes. */
export interface Terms {
  maxAttempts: number;
  budgets: readonly Budget[];
  ledger: boolean;
}

/**
 * The terms of challenges read last: budgets are keys, which a script must be given before it runs, so what `spend`
 * has just read, `fail` and `consume` need not read again.
 */
export interface TermsCache {
  get(id: string): Terms | undefined;
  keep(facts: ChallengeFacts): Terms;
}

const SIZE = 2_000;

export function createTermsCache(): TermsCache {
  const kept = new Map<string, Terms>();
  return {
    get: (id) => kept.get(id),
    keep({ id, maxAttempts, budgets, ledger }) {
      const terms = { maxAttempts, budgets, ledger };
      if (kept.size >= SIZE) kept.delete(kept.keys().next().value as string);
      kept.set(id, terms);
      return terms;
    },
  };
}
