import type { AuditEvent } from '../../audit/event.ts';
import { toEventRow } from '../../audit/events-table.ts';
import type { Batch } from '../../db/batch.ts';
import { batchTransaction } from '../../db/transaction.ts';
import { NO_FAILURES } from '../budgets.ts';
import type { Challenge } from '../challenge.ts';
import { findLimitHit } from '../limits.ts';
import type { AdvanceResult, FlowChange } from '../store.ts';
import { toBudgetRow } from './budget-rows.ts';
import { limitRows, toLimitStates } from './limit-rows.ts';
import type { SqlContext, Statements } from './statements.ts';
import { append, type ChangingRow, toChallenge } from './verification-row.ts';

export function advanceFlow(
  { db, statements }: SqlContext,
  id: string,
  rev: number,
  change: FlowChange,
  now: number,
): Promise<AdvanceResult> {
  const limits = change.limits ?? [];
  return batchTransaction(db, {}, async (batch): Promise<AdvanceResult> => {
    const [[row], counts] = await batch.run(statements.lockFlow({ id }), statements.takeLimits(limitRows(limits, now)));
    if (row?.rev !== rev) return { kind: 'conflict' };
    const hit = findLimitHit(limits, toLimitStates(counts), now);
    if (hit) {
      batch.rollback();
      if (change.refused) {
        const { data, ...refused } = change.refused;
        await commitEvent(statements, batch, { ...refused, data: { ...data, limit: hit.limit } });
      }
      return hit;
    }
    const changed = append(applyChange(row, change, now), ...change.events);
    await batch.commit(statements.saveChallenge(changed.row), statements.appendEvents(changed.events));
    return { kind: 'ok', rev: changed.row.rev };
  });
}

/** Once ended, a challenge keeps its status and has no secrets; its sends may still change. */
function applyChange(row: ChangingRow, change: FlowChange, now: number): ChangingRow {
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
  { db, statements }: SqlContext,
  now: number,
  leaseMs: number,
  max: number,
): Promise<Challenge[]> {
  const { rows } = await db.kysely.executeQuery(statements.claimDue({ now, lease_until: now + leaseMs, max }));
  return rows.map(toChallenge);
}

export async function findOldestDue({ db }: SqlContext, now: number): Promise<number | null> {
  const row = await db.kysely
    .selectFrom('verifications')
    .select((eb) => eb.fn.min('due_at').as('oldest'))
    .where('due_at', '<=', now)
    .executeTakeFirst();
  return row?.oldest ?? null;
}

export function clearBudget(
  { db, statements }: SqlContext,
  key: string,
  event: AuditEvent,
  now: number,
): Promise<void> {
  return batchTransaction(db, {}, async (batch) => {
    await batch.run(statements.saveBudgets([toBudgetRow(key, NO_FAILURES, now)]));
    await commitEvent(statements, batch, event);
  });
}

export function recordEvent({ db, statements }: SqlContext, event: AuditEvent): Promise<void> {
  return batchTransaction(db, {}, (batch) => commitEvent(statements, batch, event));
}

/** Numbers the event if its verification is known. */
async function commitEvent(statements: Statements, batch: Batch, event: AuditEvent): Promise<void> {
  const { verificationId: id } = event;
  const [[next]] = await batch.run(id === undefined ? null : statements.nextSequence({ id }));
  await batch.commit(statements.appendEvents([toEventRow({ ...event, ...next })]));
}
