import type { AuditEvent } from '../../audit/event.ts';
import { toEventRow } from '../../audit/events-table.ts';
import type { Batch } from '../../db/batch.ts';
import type { Database } from '../../db/open.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { NO_FAILURES } from '../budgets.ts';
import type { Challenge } from '../challenge.ts';
import type { AdvanceResult, FlowChange } from '../store.ts';
import { toBudgetRow } from './budget-rows.ts';
import type { Statements } from './statements.ts';
import type { Transition } from './transact.ts';
import { append, toChallenge, type VerificationRow } from './verification-row.ts';

export interface FlowContext {
  db: Database;
  statements: Statements;
}

export function advanceFlow(id: string, rev: number, change: FlowChange, now: number): Transition<AdvanceResult> {
  const limits = change.limits ?? [];
  return {
    ...{ id, now, limits },
    decide(set) {
      const row = set.challenge(id);
      if (row?.rev !== rev) return { kind: 'conflict' };
      const hit = set.takeLimits(limits, now);
      if (hit) {
        if (change.refused) {
          const { data, ...refused } = change.refused;
          const told = append(row, { ...refused, data: { ...data, limit: hit.limit } });
          set.saveCounts(told.row);
          set.append(told.events);
        }
        return hit;
      }
      const changed = append(applyChange(row, change, now), ...change.events);
      set.save(changed.row);
      set.append(changed.events);
      return { kind: 'ok', rev: changed.row.rev };
    },
  };
}

/** Once ended, a challenge keeps its status and has no secrets; its sends may still change. */
function applyChange(row: VerificationRow, change: FlowChange, now: number): VerificationRow {
  const wasPending = row.status === 'pending';
  const isPending = wasPending && change.status === 'pending';
  return {
    ...row,
    sends: JSON.stringify(change.sends),
    step: change.step,
    next_send_at: change.nextSendAt,
    due_at: change.dueAt,
    judged: change.judged ?? row.judged,
    status: wasPending ? change.status : row.status,
    ended_at: wasPending && !isPending ? now : row.ended_at,
    rev: row.rev + 1,
    code_hash: isPending ? (change.secrets?.codeHash ?? row.code_hash) : null,
    sealed: isPending ? (change.secrets?.sealed ?? row.sealed) : null,
  };
}

export async function claimDueChallenges(
  { db, statements }: FlowContext,
  now: number,
  leaseMs: number,
  max: number,
): Promise<Challenge[]> {
  const { rows } = await db.kysely.executeQuery(statements.claimDue({ now, lease_until: now + leaseMs, max }));
  return rows.map(toChallenge);
}

export async function findOldestDue({ db }: FlowContext, now: number): Promise<number | null> {
  const row = await db.kysely
    .selectFrom('verifications')
    .select((eb) => eb.fn.min('due_at').as('oldest'))
    .where('due_at', '<=', now)
    .executeTakeFirst();
  return row?.oldest ?? null;
}

export function clearBudget(
  { db, statements }: FlowContext,
  key: string,
  event: AuditEvent,
  now: number,
): Promise<void> {
  return batchTransaction(db, {}, async (batch) => {
    await batch.run(statements.saveBudgets([toBudgetRow(key, NO_FAILURES, now)]));
    await commitEvent(statements, batch, event);
  });
}

export function recordEvent({ db, statements }: FlowContext, event: AuditEvent): Promise<void> {
  return batchTransaction(db, {}, (batch) => commitEvent(statements, batch, event));
}

/** Numbers the event if its verification is known. */
async function commitEvent(statements: Statements, batch: Batch, event: AuditEvent): Promise<void> {
  const { verificationId: id } = event;
  const [[next]] = await batch.run(id === undefined ? null : statements.nextSequence({ id }));
  await batch.commit(statements.appendEvents([toEventRow({ ...event, ...next })]));
}
