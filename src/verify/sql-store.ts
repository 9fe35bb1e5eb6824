import type { Database } from '../db/open.ts';
import { findLocked } from './budgets.ts';
import { toBudgetStates } from './sql/budget-rows.ts';
import { createChallenge } from './sql/create.ts';
import { advanceFlow, claimDueChallenges, clearBudget, findOldestDue, recordEvent } from './sql/flow.ts';
import { consumeChallenge, failAttempt, refundAttempt } from './sql/judge.ts';
import { spendAttempt } from './sql/spend.ts';
import { createStatements } from './sql/statements.ts';
import { createTransact } from './sql/transact.ts';
import { toChallenge } from './sql/verification-row.ts';
import type { ChallengeStore } from './store.ts';

/**
 * Challenges, limits and budgets in SQL. Every transition sees what it decides on under lock, and is committed together
 * with others of its process (transact.ts).
 */
export function createSqlStore(db: Database): ChallengeStore {
  const statements = createStatements(db);
  const context = { db, statements };
  const transact = createTransact(db, statements);
  return {
    create: (challenge, limits, events, now) => transact(createChallenge(challenge, limits, events, now)),
    async get(id) {
      const { rows } = await db.kysely.executeQuery(statements.findChallenge({ id }));
      return rows[0] ? toChallenge(rows[0]) : null;
    },
    spend: (id, spend, now) => transact(spendAttempt(id, spend, now)),
    fail: (id, events, now, withdrawn) => transact(failAttempt(id, events, now, withdrawn)),
    consume: (id, attempt, event, now, withdrawn) => transact(consumeChallenge(id, attempt, event, now, withdrawn)),
    refund: (id, attempt, now) => transact(refundAttempt(id, attempt, now)),
    advance: (id, rev, change, now) => transact(advanceFlow(id, rev, change, now)),
    async findLock({ budgets }, now) {
      const query = statements.readBudgets(budgets.map(({ key }) => key));
      const rows = query ? (await db.kysely.executeQuery(query)).rows : [];
      return findLocked(budgets, toBudgetStates(rows), now);
    },
    claimDue: (now, leaseMs, max) => claimDueChallenges(context, now, leaseMs, max),
    oldestDue: (now) => findOldestDue(context, now),
    resetBudget: (key, event, now) => clearBudget(context, key, event, now),
    record: (event) => recordEvent(context, event),
  };
}
