import { toEventRow } from '../../audit/events-table.ts';
import { findLocked } from '../budgets.ts';
import type { Challenge, Limit } from '../challenge.ts';
import type { CreateEvents, CreateResult } from '../store.ts';
import type { Transition } from './transact.ts';
import { toRow } from './verification-row.ts';

export function createChallenge(
  challenge: Challenge,
  limits: readonly Limit[],
  events: CreateEvents,
  now: number,
): Transition<CreateResult> {
  const { id, budgets } = challenge;
  return {
    ...{ id, now, limits, looksAt: budgets },
    decide(set) {
      if (set.challenge(id)) return { kind: 'exists' };
      const refusal = findLocked(budgets, set.budgets, now) ?? set.takeLimits(limits, now);
      if (!refusal) {
        set.insert(toRow(challenge));
        set.append([toEventRow({ ...events.created, sequence: 1 })]);
        return { kind: 'created' };
      }
      const limit = refusal.kind === 'locked' ? refusal.budget : refusal.limit;
      set.append([toEventRow({ ...events.refused, data: { ...events.refused.data, limit } })]);
      return refusal;
    },
  };
}
