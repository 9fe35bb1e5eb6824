import { toEventRow } from '../../audit/events-table.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { findLocked } from '../budgets.ts';
import type { Challenge, Limit } from '../challenge.ts';
import { findLimitHit } from '../limits.ts';
import type { CreateEvents, CreateResult } from '../store.ts';
import { toBudgetStates } from './budget-rows.ts';
import { limitRows, toLimitStates } from './limit-rows.ts';
import type { SqlContext } from './statements.ts';
import { toRow } from './verification-row.ts';

export async function createChallenge(
  { db, statements }: SqlContext,
  challenge: Challenge,
  limits: readonly Limit[],
  events: CreateEvents,
  now: number,
): Promise<CreateResult> {
  const { id, budgets } = challenge;
  try {
    return await batchTransaction(db, {}, async (batch): Promise<CreateResult> => {
      const [states, counts] = await batch.run(
        statements.readBudgets(budgets.map(({ key }) => ({ key }))),
        statements.takeLimits(limitRows(limits, now)),
      );
      const locked = findLocked(budgets, toBudgetStates(states), now);
      const refusal = locked ?? findLimitHit(limits, toLimitStates(counts), now);
      if (!refusal) {
        const created = toEventRow({ ...events.created, sequence: 1 });
        await batch.commit(statements.insertChallenge(toRow(challenge)), statements.appendEvents([created]));
        return { kind: 'created' };
      }
      batch.rollback();
      // A replay meets the limits that its first run took.
      const [[existing]] = await batch.run(statements.findChallenge({ id }));
      if (existing) return { kind: 'exists' };
      const name = refusal.kind === 'locked' ? refusal.budget : refusal.limit;
      const refused = { ...events.refused, data: { ...events.refused.data, limit: name } };
      await batch.commit(statements.appendEvents([toEventRow(refused)]));
      return refusal;
    });
  } catch (error) {
    if (isUniqueViolation(error)) return { kind: 'exists' };
    throw error;
  }
}
