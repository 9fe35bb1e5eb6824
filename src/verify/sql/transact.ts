import { isLockTimeout, isUniqueViolation } from '../../db/errors.ts';
import type { Database } from '../../db/open.ts';
import { together } from '../../db/together.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { createBatcher } from '../../lib/batch.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import { NO_FAILURES } from '../budgets.ts';
import type { Budget, Limit } from '../challenge.ts';
import { limitUses } from '../limits.ts';
import { toBudgetRow } from './budget-rows.ts';
import type { Statements } from './statements.ts';
import type { VerificationRow } from './verification-row.ts';
import { createWorkingSet, type WorkingSet } from './working-set.ts';

/** One step of a challenge: what it needs to see, and what it makes of that. */
export interface Transition<T> {
  /** The challenge it is about, which may not be there. */
  id: string;
  now: number;
  /** Survives the loss of power. */
  durable?: boolean;
  /** Taken by `decide`. */
  limits?: readonly Limit[];
  /** Looked at without a lock. */
  looksAt?: readonly Budget[];
  /** Changed by `decide`, as far as the challenge tells that is there. */
  counts?(row: VerificationRow): readonly Budget[];
  decide(set: WorkingSet): T;
}

export type Transact = <T>(transition: Transition<T>) => Promise<T>;

/** In one transaction; the rest waits for the next one. */
const TOGETHER = 64;
/** Somebody else was faster with a challenge of the same id: the next look finds it. */
const TRIES = 3;

/**
 * Transitions that come at a time are one transaction, as they are one script on Redis: they take turns at the rows that
 * all of a project's have in common, and would wait for each other's commit if each had a transaction of its own. Each
 * sees what those before it did. Locked are challenges, then budgets, then limits, each in the order of their keys.
 */
export function createTransact(db: Database, statements: Statements): Transact {
  const run = createBatcher(runTogether, TOGETHER);
  const runApart = createBatcher(runTogether, TOGETHER);

  /** Answers with what gives each its result. */
  async function runTogether(group: Transition<unknown>[]): Promise<(() => unknown)[]> {
    try {
      return (await transact(group)).map((result) => () => result);
    } catch (error) {
      const isDown = error instanceof StoreUnavailable && !isLockTimeout(error);
      if (isDown || group.length === 1) throw error;
      return group.map((transition) => () => runAlone(transition));
    }
  }

  /** One that the database will not take, or must wait too long for, holds up neither those beside it nor the next ones. */
  async function runAlone(transition: Transition<unknown>): Promise<unknown> {
    const [result] = await transact([transition]);
    return result;
  }

  async function transact(group: readonly Transition<unknown>[]): Promise<unknown[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await transactOnce(group);
      } catch (error) {
        if (!isUniqueViolation(error) || tries === TRIES) throw error;
      }
    }
  }

  function transactOnce(group: readonly Transition<unknown>[]): Promise<unknown[]> {
    const durable = group.some((transition) => transition.durable);
    return batchTransaction(db, { durable }, async (batch) => {
      const [challenges] = await batch.run(statements.lockChallenges(inOrder(group.map(({ id }) => id))));
      const counters = countersOf(group, challenges);
      const [seen, , counted, , limits] = await batch.run(
        statements.readBudgets(counters.looked),
        statements.placeBudgets(counters.budgets),
        statements.lockBudgets(counters.budgets.map(({ key }) => key)),
        statements.placeLimits(counters.limits),
        statements.lockLimits(counters.limits.map(({ key }) => key)),
      );
      const { set, changes } = createWorkingSet({ challenges, budgets: [...seen, ...counted], limits }, statements);
      const results = group.map((transition) => transition.decide(set));
      await batch.commit(...together(db.dialect, changes()));
      return results;
    });
  }

  return async <T>(transition: Transition<T>) => {
    const result = await (sharesNothing(transition) ? runApart : run)(transition);
    return (await result()) as T;
  };
}

/** Waits for no row but its challenge's: it need not wait for those that take turns either. */
function sharesNothing({ limits = [], looksAt = [], counts }: Transition<unknown>): boolean {
  return limits.length === 0 && looksAt.length === 0 && !counts;
}

/** Rows to be locked, as they are made where there is none. */
function countersOf(group: readonly Transition<unknown>[], challenges: readonly VerificationRow[]) {
  const rows = new Map(challenges.map((row) => [row.id, row]));
  const budgets = new Map<string, ReturnType<typeof toBudgetRow>>();
  const limits = new Map<string, { key: string; count: number; started_at: number; expires_at: number }>();
  for (const { id, now, limits: taken = [], counts } of group) {
    const row = rows.get(id);
    for (const { key } of (row && counts?.(row)) ?? []) budgets.set(key, toBudgetRow(key, NO_FAILURES, now));
    for (const { key, windowMs } of limitUses(taken)) {
      limits.set(key, { key, count: 0, started_at: 0, expires_at: now + windowMs });
    }
  }
  const looked = group.flatMap(({ looksAt = [] }) => looksAt.map(({ key }) => key));
  return {
    looked: inOrder(looked.filter((key) => !budgets.has(key))),
    budgets: byKey(budgets),
    limits: byKey(limits),
  };
}

const inOrder = (keys: readonly string[]) => [...new Set(keys)].sort();

function byKey<Row extends { key: string }>(rows: ReadonlyMap<string, Row>): Row[] {
  return [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
