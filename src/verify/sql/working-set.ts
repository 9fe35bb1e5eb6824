import type { CompiledQuery } from 'kysely';
import type { EventRow } from '../../audit/events-table.ts';
import type { BudgetTable, LimitTable } from '../../db/schema.ts';
import type { BudgetState } from '../budgets.ts';
import type { Limit } from '../challenge.ts';
import { findLimitHit, type LimitState, limitUses, takeLimit } from '../limits.ts';
import type { LimitHit } from '../store.ts';
import { toBudgetRow, toBudgetStates } from './budget-rows.ts';
import type { Statements } from './statements.ts';
import type { VerificationRow } from './verification-row.ts';

/**
 * The rows of one transaction, as the database has them and as one transition after the other leaves them. Nothing here
 * waits: each transition is one step, and what it has not asked to be changed stays.
 */
export interface WorkingSet {
  challenge(id: string): VerificationRow | undefined;
  readonly budgets: ReadonlyMap<string, BudgetState>;
  insert(row: VerificationRow): void;
  /** Of a challenge of which only counts change: it touches no index. */
  saveCounts(row: VerificationRow): void;
  save(row: VerificationRow): void;
  saveBudget(key: string, state: BudgetState, now: number): void;
  /** All of them or none. */
  takeLimits(limits: readonly Limit[], now: number): LimitHit | null;
  append(events: readonly EventRow[]): void;
}

export interface LoadedRows {
  challenges: readonly VerificationRow[];
  budgets: readonly BudgetTable[];
  limits: readonly LimitTable[];
}

export function createWorkingSet(loaded: LoadedRows, statements: Statements) {
  const challenges = new Map(loaded.challenges.map((row) => [row.id, row]));
  const budgets = toBudgetStates(loaded.budgets);
  // Never used: it was made to be locked.
  const limits = new Map(loaded.limits.filter(({ count }) => count > 0).map((row) => [row.key, row]));
  const inserted = new Set<string>();
  const counted = new Set<string>();
  const changed = new Set<string>();
  const savedBudgets = new Map<string, BudgetTable>();
  const savedLimits = new Map<string, LimitTable>();
  const events: EventRow[] = [];

  const rowsOf = (ids: ReadonlySet<string>) => [...ids].flatMap((id) => challenges.get(id) ?? []);

  const set: WorkingSet = {
    challenge: (id) => challenges.get(id),
    budgets,
    insert(row) {
      challenges.set(row.id, row);
      inserted.add(row.id);
    },
    saveCounts(row) {
      challenges.set(row.id, row);
      if (!changed.has(row.id)) counted.add(row.id);
    },
    save(row) {
      challenges.set(row.id, row);
      changed.add(row.id);
      counted.delete(row.id);
    },
    saveBudget(key, state, now) {
      budgets.set(key, state);
      savedBudgets.set(key, toBudgetRow(key, state, now));
    },
    takeLimits(wanted, now) {
      const taken = limitUses(wanted).map(({ key, windowMs }) => useOf(key, windowMs, limits.get(key), now));
      const hit = findLimitHit(wanted, new Map(taken.map((row) => [row.key, toLimitState(row)])), now);
      if (hit) return hit;
      for (const row of taken) {
        limits.set(row.key, row);
        savedLimits.set(row.key, row);
      }
      return null;
    },
    append(rows) {
      events.push(...rows);
    },
  };

  return {
    set,
    /** What writes all that has changed. */
    changes(): (CompiledQuery | null)[] {
      return [
        statements.insertChallenges(rowsOf(inserted)),
        statements.saveCounts(rowsOf(counted).map(countsOf)),
        statements.saveChallenges(rowsOf(changed)),
        statements.saveBudgets([...savedBudgets.values()]),
        statements.saveLimits([...savedLimits.values()]),
        statements.appendEvents(events),
      ];
    },
  };
}

const toLimitState = ({ count, started_at }: LimitTable): LimitState => ({ count, startedAt: started_at });

/** The row after one use more. `expires_at` is for the purge only; another caller's window may be the longer one. */
function useOf(key: string, windowMs: number, before: LimitTable | undefined, now: number): LimitTable {
  const { count, startedAt } = takeLimit(before && toLimitState(before), windowMs, now);
  const ownEnd = startedAt + windowMs;
  const expiresAt = before && count > 1 ? Math.max(before.expires_at, ownEnd) : ownEnd;
  return { key, count, started_at: startedAt, expires_at: expiresAt };
}

const countsOf = ({ id, attempts, judged, sequence }: VerificationRow) => ({ id, attempts, judged, sequence });
