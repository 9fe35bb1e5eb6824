import { sql } from 'kysely';
import { BUDGET_COLUMNS } from '../../db/budget-columns.ts';
import type { Database } from '../../db/open.ts';
import { columnsOf, rowSetStatement, setColumns } from '../../db/row-set.ts';
import type { BudgetState, Entry, Facts, Snapshot } from './entry.ts';

interface Change {
  id: string;
  /** Known when it was created in the same batch. */
  facts: Facts | null;
  snapshot: Snapshot;
}

const CHANGING = {
  status: 'text',
  attempts: 'bigint',
  judged: 'bigint',
  sends: 'text',
  step: 'bigint',
  next_send_at: 'bigint',
  ended_at: 'bigint',
  rev: 'bigint',
  sequence: 'bigint',
  approved_by: 'text',
} as const;

const COLUMNS = {
  id: 'text',
  project_id: 'text',
  mode: 'text',
  recipient: 'text',
  recipient_hash: 'text',
  facts: 'text',
  created_at: 'bigint',
  expires_at: 'bigint',
  ...CHANGING,
} as const;

/**
 * Statements that fold entries into `verifications`, which is read from when Redis has let go of a verification, and for
 * lists, and into `budgets`, from where Redis gets them back after it has lost them. Secrets and due times stay in
 * Redis. An older change never overwrites a newer one.
 */
export function createFolds(db: Database) {
  const insertCreated = rowSetStatement(
    db,
    COLUMNS,
    (rows) => sql`
      insert into verifications (${columnsOf(COLUMNS)}) select ${columnsOf(COLUMNS)} from ${rows} where true
      on conflict (id) do update set ${setColumns(CHANGING, 'excluded')}
      where verifications.sequence < excluded.sequence`,
  );
  const updateChanged = rowSetStatement(
    db,
    { id: 'text', ...CHANGING },
    (rows) => sql`
      update verifications set ${setColumns(CHANGING, 'r')} from ${rows}
      where verifications.id = r.id and verifications.sequence < r.sequence`,
  );
  const { key: _key, ...changingBudget } = BUDGET_COLUMNS;
  const saveBudgets = rowSetStatement(
    db,
    BUDGET_COLUMNS,
    (rows) => sql`
      insert into budgets (${columnsOf(BUDGET_COLUMNS)}) select ${columnsOf(BUDGET_COLUMNS)} from ${rows} where true
      on conflict (key) do update set ${setColumns(changingBudget, 'excluded')}
      where budgets.updated_at < excluded.updated_at`,
  );

  return {
    verifications(entries: readonly Entry[]) {
      const changes = newestChanges(entries);
      return [
        insertCreated(changes.flatMap((change) => (change.facts === null ? [] : [toRow(change, change.facts)]))),
        updateChanged(
          changes.flatMap((change) => (change.facts === null ? [{ id: change.id, ...toChange(change) }] : [])),
        ),
      ];
    },
    budgets: (entries: readonly Entry[]) => saveBudgets(newestBudgets(entries)),
  };
}

function newestBudgets(entries: readonly Entry[]) {
  const newest = new Map<string, BudgetState>();
  for (const { budgets } of entries) {
    for (const budget of budgets) {
      if (budget.version > (newest.get(budget.key)?.version ?? -1)) newest.set(budget.key, budget);
    }
  }
  return inOrder([...newest.values()], ({ key }) => key).map((budget) => ({
    key: budget.key,
    failures: budget.failures,
    started_at: budget.startedAt,
    locked_until: budget.lockedUntil,
    in_a_row: budget.inARow,
    updated_at: budget.version,
  }));
}

/** One for each verification. */
function newestChanges(entries: readonly Entry[]): Change[] {
  const newest = new Map<string, Change>();
  for (const { event, snapshot, facts } of entries) {
    const id = event?.verificationId;
    if (id === undefined || !snapshot) continue;
    const known = newest.get(id);
    const kept = known && known.snapshot.sequence > snapshot.sequence ? known : { id, snapshot };
    newest.set(id, { ...kept, facts: facts ?? known?.facts ?? null });
  }
  return inOrder([...newest.values()], ({ id }) => id);
}

/** The same order in all processes, so that they do not lock each other out. */
function inOrder<T>(items: T[], keyOf: (item: T) => string): T[] {
  return items.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function toRow(change: Change, facts: Facts) {
  return {
    id: change.id,
    project_id: facts.project,
    mode: facts.mode,
    recipient: facts.to,
    recipient_hash: facts.recipientHash,
    facts: facts.json,
    created_at: facts.createdAt,
    expires_at: facts.expiresAt,
    ...toChange(change),
  };
}

function toChange({ snapshot }: Change) {
  return {
    status: snapshot.status,
    attempts: snapshot.attempts,
    judged: snapshot.judged,
    sends: snapshot.sends,
    step: snapshot.step,
    next_send_at: snapshot.nextSendAt,
    ended_at: snapshot.endedAt,
    rev: snapshot.rev,
    sequence: snapshot.sequence,
    approved_by: snapshot.approvedBy,
  };
}
