import type { BudgetTable } from './schema.ts';

/** By the types that row sets know. */
export const BUDGET_COLUMNS = {
  key: 'text',
  failures: 'bigint',
  started_at: 'bigint',
  locked_until: 'bigint',
  in_a_row: 'bigint',
  updated_at: 'bigint',
} as const satisfies Record<keyof BudgetTable, 'text' | 'bigint'>;
