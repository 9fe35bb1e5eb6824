import { sql, type Transaction } from 'kysely';
import type { Database } from '../db/open.ts';
import { columnsOf, rowSetStatement } from '../db/row-set.ts';
import type { AcceptanceTable, Schema } from '../db/schema.ts';
import { writeTransaction } from '../db/transaction.ts';
import { requestOf } from './store.ts';

/** An attempt that was right and is about to be accepted. */
export interface Acceptance {
  id: string;
  attempt: string;
  now: number;
}

/** One that ended in an error: whatever the stores made of it, nobody was or will be given a proof for it. */
export interface Withdrawal extends Acceptance {
  /** Of the code, which the stores may have erased. */
  codeHash: string;
}

/** For each: null where another one is the challenge's, else those that were withdrawn before it. */
export async function enterAcceptances(
  db: Database,
  acceptances: readonly Acceptance[],
): Promise<(readonly string[] | null)[]> {
  // One order for all processes: they wait for each other, but never in a circle.
  const inOrder = acceptances.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const rows = inOrder.map(({ id, attempt, now }) => ({ challenge_id: id, attempt, at: now }));
  const entered = await writeTransaction(db, { durable: true }, async (trx) => {
    const added = await trx
      .insertInto('acceptances')
      .values(rows)
      .onConflict((conflict) => conflict.column('challenge_id').doNothing())
      .returning(['challenge_id', 'attempt'])
      .execute();
    const taken = new Map<string, readonly string[]>(added.map((row) => [nameOf(row.challenge_id, row.attempt), []]));
    const there = rows.map((row) => row.challenge_id).filter((id) => !added.some((row) => row.challenge_id === id));
    if (there.length === 0) return taken;
    const before = await trx.selectFrom('acceptances').selectAll().where('challenge_id', 'in', there).execute();
    const holders = new Map(before.map((row) => [row.challenge_id, row]));
    for (const { id, attempt } of inOrder) {
      const holder = holders.get(id);
      if (!holder || !(await takeOver(trx, holder, attempt))) continue;
      taken.set(nameOf(id, attempt), withdrawnOf(holder));
      holders.delete(id);
    }
    return taken;
  });
  return acceptances.map(({ id, attempt }) => entered.get(nameOf(id, attempt)) ?? null);
}

/**
 * From one that was withdrawn, or from an earlier run of the same request. Of that one nobody knows whether it was
 * answered: so from now on the request has the challenge for good, and none of its runs can be withdrawn.
 */
async function takeOver(trx: Transaction<Schema>, holder: AcceptanceTable, attempt: string): Promise<boolean> {
  const isWithdrawn = holder.code_hash !== null;
  if (!isWithdrawn && requestOf(holder.attempt) !== requestOf(attempt)) return false;
  const taken = await trx
    .updateTable('acceptances')
    .set({ attempt: isWithdrawn ? attempt : requestOf(attempt), code_hash: null })
    .where('challenge_id', '=', holder.challenge_id)
    .where('attempt', '=', holder.attempt)
    .where('code_hash', isWithdrawn ? 'is not' : 'is', null)
    .returning('challenge_id')
    .executeTakeFirst();
  return taken !== undefined;
}

const COLUMNS = {
  challenge_id: 'text',
  attempt: 'text',
  withdrawn: 'text',
  code_hash: 'text',
  at: 'bigint',
} as const satisfies Record<keyof AcceptanceTable, 'text' | 'bigint'>;

/** Each may come more than once, and before the acceptance itself, which may be under way still. */
export async function withdrawAcceptances(db: Database, withdrawals: readonly Withdrawal[]): Promise<void> {
  const withdraw = rowSetStatement(
    db,
    COLUMNS,
    (rows) => sql`insert into acceptances (${columnsOf(COLUMNS)}) select ${columnsOf(COLUMNS)} from ${rows} where true
      on conflict (challenge_id) do update set
        withdrawn = concat_ws(' ', acceptances.withdrawn, excluded.withdrawn),
        code_hash = case when acceptances.attempt = excluded.attempt or acceptances.code_hash is not null
          then excluded.code_hash end`,
  );
  for (const apart of byChallenge(withdrawals)) {
    const rows = apart.map(({ id, attempt, codeHash, now }) => ({
      challenge_id: id,
      attempt,
      withdrawn: attempt,
      code_hash: codeHash,
      at: now,
    }));
    const query = withdraw(rows);
    if (query) await db.kysely.executeQuery(query);
  }
}

/** One of a challenge in each, as no statement changes a row twice; in the order that `enterAcceptances` has. */
function byChallenge(withdrawals: readonly Withdrawal[]): Withdrawal[][] {
  const groups: Map<string, Withdrawal>[] = [];
  for (const withdrawal of withdrawals) {
    const group = groups.find((others) => !others.has(withdrawal.id));
    if (group) group.set(withdrawal.id, withdrawal);
    else groups.push(new Map([[withdrawal.id, withdrawal]]));
  }
  return groups.map((group) => [...group.values()].sort((a, b) => (a.id < b.id ? -1 : 1)));
}

/** What the next right answer of a challenge takes over, if its acceptance was withdrawn. */
export async function findWithdrawn(
  { kysely }: Database,
  id: string,
): Promise<{ withdrawn: readonly string[]; codeHash: string } | null> {
  const row = await kysely
    .selectFrom('acceptances')
    .selectAll()
    .where('challenge_id', '=', id)
    .where('code_hash', 'is not', null)
    .executeTakeFirst();
  return row?.code_hash ? { withdrawn: withdrawnOf(row), codeHash: row.code_hash } : null;
}

const nameOf = (id: string, attempt: string) => `${id} ${attempt}`;

const withdrawnOf = ({ withdrawn }: AcceptanceTable) => withdrawn?.split(' ') ?? [];
