import type { BudgetState } from './budgets.ts';
import type { Challenge } from './challenge.ts';

/**
 * What went before a right answer, for its event: a success after many failures, or after a lock, is what the owner of
 * the account wants to be told of (OWASP ASVS 5.0 6.3.5). `budgets` are as this attempt left them, itself counted.
 */
export function failuresBefore(challenge: Challenge, budgets: ReadonlyMap<string, BudgetState>) {
  const rows = challenge.budgets.flatMap(({ name, key }) =>
    name === 'project' ? [] : [(budgets.get(key)?.inARow ?? 0) - 1],
  );
  const failed_attempts = challenge.attempts - 1;
  return { failed_attempts, failures_in_a_row: Math.max(failed_attempts, ...rows) };
}
