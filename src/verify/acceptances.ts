import type { Transaction } from 'kysely';
import type { Database } from '../db/open.ts';
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

/** May come more than once, and before the acceptance itself, which may be under way still. */
export async function withdrawAcceptance({ kysely }: Database, withdrawal: Withdrawal): Promise<void> {
  const { id, attempt, codeHash, now } = withdrawal;
  await kysely
    .insertInto('acceptances')
    .values({ challenge_id: id, attempt, withdrawn: attempt, code_hash: codeHash, at: now })
    .onConflict((conflict) =>
      conflict.column('challenge_id').doUpdateSet(({ fn, ref, val, case: when, eb }) => ({
        withdrawn: fn<string>('concat_ws', [val(' '), ref('acceptances.withdrawn'), ref('excluded.withdrawn')]),
        code_hash: when()
          .when(eb.or([eb('acceptances.attempt', '=', attempt), eb('acceptances.code_hash', 'is not', null)]))
          .then(codeHash)
          .else(null)
          .end(),
      })),
    )
    .execute();
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
