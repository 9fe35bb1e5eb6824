import type { Database } from '../db/open.ts';
import { BUDGET_IDLE_MS } from './erase-guess-state.ts';

const PAGE = 500;

/**
 * Forgets budgets that nothing has been counted on for longer than any window or lock; a run of failures in a row is
 * never forgotten. By key, as nothing else is indexed: they are written with every guess. Resolves with the key after
 * which to go on; null at the end.
 */
export async function purgeBudgets({ kysely }: Database, now: number, after: string): Promise<string | null> {
  const page = await kysely
    .selectFrom('budgets')
    .select(['key', 'updated_at'])
    .where('key', '>', after)
    .orderBy('key')
    .limit(PAGE)
    .execute();
  const idle = page.filter(({ updated_at }) => updated_at <= now - BUDGET_IDLE_MS).map(({ key }) => key);
  if (idle.length > 0) {
    await kysely
      .deleteFrom('budgets')
      .where('key', 'in', idle)
      .where('updated_at', '<=', now - BUDGET_IDLE_MS)
      .where('locked_until', '<=', now)
      .where('in_a_row', '=', 0)
      .execute();
  }
  return page.length < PAGE ? null : (page.at(-1)?.key ?? null);
}
