import type { Database } from '../db/open.ts';
import { createBatcher } from '../lib/batch.ts';
import { newId } from '../lib/ids.ts';
import {
  type Acceptance,
  enterAcceptances,
  findWithdrawn,
  type Withdrawal,
  withdrawAcceptances,
} from './acceptances.ts';
import { type ChallengeStore, requestOf, type Spend, type SpendResult } from './store.ts';
import { createWithdrawals } from './withdrawals.ts';

/** A store; one that may forget its last writes in a fail-over, as Redis does, wants some approvals in the ledger. */
export interface LedgerStore extends ChallengeStore {
  /** Whether the policy of this challenge does. */
  wantsLedger?(id: string): Promise<boolean>;
}

export interface AcceptingStore extends ChallengeStore {
  /**
   * After `consume` has thrown: whether it was carried out or will be, this attempt is answered with an error. The
   * next right answer is accepted in its place. Never throws.
   */
  withdraw(id: string, attempt: string, codeHash: string, now: number): Promise<void>;
  close(): void;
}

const BATCH = 200;

/**
 * A code is accepted once, even if the store forgets that it was: before an approval, the attempt goes into a table
 * that has one for each challenge. Another run of the same request may come again (its process died in between);
 * another request only if the one before it was withdrawn. Decision 0034.
 * With the database down `consume` throws StoreUnavailable.
 */
export function withAcceptanceLedger(store: LedgerStore, db: Database): AcceptingStore {
  const enter = createBatcher((acceptances: Acceptance[]) => enterAcceptances(db, acceptances), BATCH);
  const withdrawals = createWithdrawals<Withdrawal>((all) => withdrawAcceptances(db, all));

  /** The code's hash left the store with the approval that was never answered. */
  async function spendUnfinished(id: string, spend: Spend, now: number): Promise<SpendResult | null> {
    const found = await findWithdrawn(db, id);
    if (!found) return null;
    // Its first try is an event already.
    const refused = { ...spend.refused, id: newId('evt') };
    const spent = await store.spend(id, { ...spend, refused, withdrawn: found.withdrawn }, now);
    if (spent.kind !== 'ok') return spent;
    return { ...spent, challenge: { ...spent.challenge, secrets: { codeHash: found.codeHash, sealed: '' } } };
  }

  return {
    ...store,

    async spend(id, spend, now) {
      const spent = await store.spend(id, spend, now);
      if (spent.kind === 'approved') {
        // From now on the request's for good: whichever run of it was the first one can no longer be withdrawn.
        const isIts = (await enter({ id, attempt: requestOf(spend.attempt), now })) !== null;
        return isIts ? spent : { kind: 'refused', reason: 'already_used', challenge: spent.challenge };
      }
      const isUsed = spent.kind === 'refused' && spent.reason === 'already_used';
      return (isUsed && (await spendUnfinished(id, spend, now))) || spent;
    },

    async consume(id, attempt, event, now) {
      if (await store.wantsLedger?.(id)) {
        const withdrawn = await enter({ id, attempt, now });
        return withdrawn !== null && store.consume(id, attempt, event, now, withdrawn);
      }
      if (await store.consume(id, attempt, event, now)) return true;
      const withdrawn = (await findWithdrawn(db, id)) && (await enter({ id, attempt, now }));
      return withdrawn !== null && store.consume(id, attempt, event, now, withdrawn);
    },

    withdraw: (id, attempt, codeHash, now) => withdrawals.add({ id, attempt, codeHash, now }),
    close: withdrawals.close,
  };
}
