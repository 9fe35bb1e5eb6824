import type { Database } from '../db/open.ts';
import { writeTransaction } from '../db/transaction.ts';
import { createBatcher } from '../lib/batch.ts';
import type { ChallengeStore } from './store.ts';

/** A store that may forget its last writes in a fail-over, as Redis does. */
export interface ForgetfulStore extends ChallengeStore {
  /** Whether the policy of this challenge wants its approval in the ledger. */
  wantsLedger(id: string): Promise<boolean>;
}

const BATCH = 200;

/**
 * A code is accepted once, even if the store forgets that it was: before an approval, the challenge goes into a table
 * that takes each only once. The same attempt may come again (its process died in between); another one is refused.
 * With the database down `consume` throws StoreUnavailable, and the caller gives the attempt back.
 */
export function withAcceptanceLedger(store: ForgetfulStore, db: Database): ChallengeStore {
  const accept = createBatcher((acceptances: Acceptance[]) => enter(db, acceptances), BATCH);
  return {
    ...store,
    async consume(id, attempt, event, now) {
      if ((await store.wantsLedger(id)) && !(await accept({ id, attempt, now }))) return false;
      return store.consume(id, attempt, event, now);
    },
  };
}

interface Acceptance {
  id: string;
  attempt: string;
  now: number;
}

/** For each: whether it is, or was before, the one entered for its challenge. */
async function enter(db: Database, acceptances: readonly Acceptance[]): Promise<boolean[]> {
  const rows = acceptances
    .map(({ id, attempt, now }) => ({ challenge_id: id, attempt, at: now }))
    // One order for all processes: they wait for each other, but never in a circle.
    .sort((a, b) => (a.challenge_id < b.challenge_id ? -1 : 1));
  const entered = await writeTransaction(db, { durable: true }, async (trx) => {
    const added = await trx
      .insertInto('acceptances')
      .values(rows)
      .onConflict((conflict) => conflict.column('challenge_id').doNothing())
      .returning(['challenge_id', 'attempt'])
      .execute();
    const there = rows.map((row) => row.challenge_id).filter((id) => !added.some((row) => row.challenge_id === id));
    if (there.length === 0) return added;
    const before = await trx
      .selectFrom('acceptances')
      .select(['challenge_id', 'attempt'])
      .where('challenge_id', 'in', there)
      .execute();
    return [...added, ...before];
  });
  const attempts = new Map(entered.map((row) => [row.challenge_id, row.attempt]));
  return acceptances.map(({ id, attempt }) => attempts.get(id) === attempt);
}
