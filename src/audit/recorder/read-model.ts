import { type Insertable, sql, type Transaction } from 'kysely';
import type { Schema, VerificationTable } from '../../db/schema.ts';
import type { BudgetState, Entry, Snapshot } from './entry.ts';

/** Of the JSON in `facts`: what has a column of its own. */
interface Facts {
  project: string;
  mode: 'live' | 'test';
  to: string;
  recipientHash: string;
  createdAt: number;
  expiresAt: number;
}

interface Change {
  id: string;
  sequence: number;
  facts: string | null;
  snapshot: Snapshot;
}

/**
 * Folds entries into `verifications`, which is read from when Redis has let go of a verification, and for lists.
 * Its secrets and due time stay in Redis. An older change never overwrites a newer one.
 */
export async function foldVerifications(trx: Transaction<Schema>, entries: readonly Entry[]): Promise<void> {
  const changes = newestChanges(entries);
  const [created, changed] = [
    changes.filter(({ facts }) => facts !== null),
    changes.filter(({ facts }) => facts === null),
  ];
  if (created.length > 0) await insert(trx, created.map(toRow));
  if (changed.length > 0) await update(trx, changed);
}

/** One for each verification, in one order for all processes, so that they do not lock each other out. */
function newestChanges(entries: readonly Entry[]): Change[] {
  const newest = new Map<string, Change>();
  for (const { event, snapshot, facts } of entries) {
    const id = event?.verificationId;
    const sequence = event?.sequence;
    if (id === undefined || sequence === undefined || !snapshot) continue;
    const known = newest.get(id);
    const isNewer = !known || known.sequence < sequence;
    newest.set(id, {
      id,
      sequence: isNewer ? sequence : known.sequence,
      snapshot: isNewer ? snapshot : known.snapshot,
      facts: facts ?? known?.facts ?? null,
    });
  }
  return [...newest.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function toRow({ id, sequence, facts, snapshot }: Change): Insertable<VerificationTable> {
  const { project, mode, to, recipientHash, createdAt, expiresAt } = JSON.parse(facts ?? '') as Facts;
  return {
    id,
    project_id: project,
    mode,
    recipient: to,
    recipient_hash: recipientHash,
    facts: facts ?? '',
    status: snapshot.status,
    attempts: snapshot.attempts,
    judged: snapshot.judged,
    sends: snapshot.sends,
    step: snapshot.step,
    next_send_at: snapshot.nextSendAt,
    due_at: null,
    created_at: createdAt,
    expires_at: expiresAt,
    ended_at: snapshot.endedAt,
    rev: snapshot.rev,
    sequence,
    approved_by: snapshot.approvedBy,
    code_hash: null,
    sealed: null,
  };
}

async function insert(trx: Transaction<Schema>, rows: Insertable<VerificationTable>[]): Promise<void> {
  await trx
    .insertInto('verifications')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet(({ ref }) => ({
          status: ref('excluded.status'),
          attempts: ref('excluded.attempts'),
          judged: ref('excluded.judged'),
          sends: ref('excluded.sends'),
          step: ref('excluded.step'),
          next_send_at: ref('excluded.next_send_at'),
          ended_at: ref('excluded.ended_at'),
          rev: ref('excluded.rev'),
          sequence: ref('excluded.sequence'),
          approved_by: ref('excluded.approved_by'),
        }))
        .whereRef('verifications.sequence', '<', 'excluded.sequence'),
    )
    .execute();
}

/** Both dialects name the columns of VALUES column1, column2, … */
async function update(trx: Transaction<Schema>, changes: readonly Change[]): Promise<void> {
  const rows = changes.map(({ id, sequence, snapshot: s }) => {
    const values = [
      id,
      sequence,
      s.status,
      s.attempts,
      s.judged,
      s.sends,
      s.step,
      s.nextSendAt,
      s.endedAt,
      s.rev,
      s.approvedBy,
    ];
    return sql`(${sql.join(values)})`;
  });
  await sql`
    update verifications set
      sequence = cast(n.column2 as bigint), status = n.column3, attempts = cast(n.column4 as bigint),
      judged = cast(n.column5 as bigint), sends = n.column6, step = cast(n.column7 as bigint),
      next_send_at = cast(n.column8 as bigint), ended_at = cast(n.column9 as bigint),
      rev = cast(n.column10 as bigint), approved_by = n.column11
    from (values ${sql.join(rows)}) as n
    where id = n.column1 and sequence < cast(n.column2 as bigint)
  `.execute(trx);
}

/** Folds the states of guess budgets into `budgets`, from where Redis gets them back after it has lost them. */
export async function foldBudgets(trx: Transaction<Schema>, entries: readonly Entry[]): Promise<void> {
  const newest = new Map<string, BudgetState>();
  for (const budget of entries.flatMap((entry) => entry.budgets)) {
    if (budget.version > (newest.get(budget.key)?.version ?? -1)) newest.set(budget.key, budget);
  }
  if (newest.size === 0) return;
  const rows = [...newest.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  await trx
    .insertInto('budgets')
    .values(
      rows.map(({ key, failures, startedAt, lockedUntil, inARow, version }) => ({
        key,
        failures,
        started_at: startedAt,
        locked_until: lockedUntil,
        in_a_row: inARow,
        updated_at: version,
      })),
    )
    .onConflict((conflict) =>
      conflict
        .column('key')
        .doUpdateSet(({ ref }) => ({
          failures: ref('excluded.failures'),
          started_at: ref('excluded.started_at'),
          locked_until: ref('excluded.locked_until'),
          in_a_row: ref('excluded.in_a_row'),
          updated_at: ref('excluded.updated_at'),
        }))
        .whereRef('budgets.updated_at', '<', 'excluded.updated_at'),
    )
    .execute();
}
