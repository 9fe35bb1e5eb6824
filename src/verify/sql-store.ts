import type { Database } from '../db/open.ts';
import { findLocked } from './budgets.ts';
import { toBudgetStates } from './sql/budget-rows.ts';
import { createChallenge } from './sql/create.ts';
import { advanceFlow, claimDueChallenges, clearBudget, findOldestDue, recordEvent } from './sql/flow.ts';
import { consumeChallenge, failAttempt, refundAttempt } from './sql/judge.ts';
import { spendAttempt } from './sql/spend.ts';
import { createStatements } from './sql/statements.ts';
import { toChallenge } from './sql/verification-row.ts';
import type { ChallengeStore } from './store.ts';

/**
 * Challenges, limits and budgets in SQL. Every transition first locks what it decides on: the challenge, then its
 * budgets or limits in the order of their keys.
 */
export function createSqlStore(db: Database): ChallengeStore {
  const context = { db, statements: createStatements(db) };
  return {
    create: (challenge, limits, events, now) => createChallenge(context, challenge, limits, events, now),
    async get(id) {
      const { rows } = await db.kysely.executeQuery(context.statements.findChallenge({ id }));
      return rows[0] ? toChallenge(rows[0]) : null;
    },
    spend: (id, spend, now) => spendAttempt(context, id, spend, now),
    fail: (id, events, now) => failAttempt(context, id, events, now),
    consume: (id, attempt, event, now) => consumeChallenge(context, id, attempt, event, now),
    refund: (id, now) => refundAttempt(context, id, now),
    advance: (id, rev, change, now) => advanceFlow(context, id, rev, change, now),
    async findLock({ budgets }, now) {
      const query = context.statements.readBudgets(budgets.map(({ key }) => ({ key })));
      const rows = query ? (await db.kysely.executeQuery(query)).rows : [];
      return findLocked(budgets, toBudgetStates(rows), now);
    },
    claimDue: (now, leaseMs, max) => claimDueChallenges(context, now, leaseMs, max),
    oldestDue: (now) => findOldestDue(context, now),
    resetBudget: (key, event, now) => clearBudget(context, key, event, now),
    record: (event) => recordEvent(context, event),
  };
}
