import type { Database } from '../db/open.ts';
import { createBatcher } from '../lib/batch.ts';
import {
  type Acceptance,
  enterAcceptances,
  findWithdrawn,
  type Withdrawal,
  withdrawAcceptances,
} from './acceptances.ts';
import type { Challenge } from './challenge.ts';
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

  /**
   * The first look at a used code has recorded nothing: only the ledger tells whether its approval counts. While it does
   * not, the challenge is told as pending, and the code's hash is the withdrawal's: it left the store with the approval.
   */
  async function lookAgain(id: string, spend: Spend, now: number): Promise<SpendResult> {
    const found = await findWithdrawn(db, id);
    const spent = await store.spend(id, { ...spend, withdrawn: found?.withdrawn ?? [] }, now);
    if (!found || !('challenge' in spent) || isSettled(spent)) return spent;
    const challenge = { ...spent.challenge, status: 'pending' as const };
    if (spent.kind !== 'ok') return { ...spent, challenge };
    const secrets = { codeHash: found.codeHash, sealed: '' };
    return { ...spent, challenge: { ...challenge, secrets }, withdrawn: found.withdrawn };
  }

  return {
    ...store,

    async spend(id, spend, now) {
      const first = await store.spend(id, spend, now);
      const isUsed = first.kind === 'refused' && first.reason === 'already_used';
      const spent = isUsed ? await lookAgain(id, spend, now) : first;
      if (spent.kind !== 'approved') return spent;
      // From now on the request's for good: whichever run of it was the first one can no longer be withdrawn.
      const isIts = (await enter({ id, attempt: requestOf(spend.attempt), now })) !== null;
      return isIts ? spent : { kind: 'refused', reason: 'already_used', challenge: spent.challenge };
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

/** Anything but approved by an attempt that counts for nothing. */
function isSettled(spent: Extract<SpendResult, { challenge: Challenge }>): boolean {
  const isUsed = spent.kind === 'refused' && spent.reason === 'already_used';
  return isUsed || spent.kind === 'approved' || spent.challenge.status !== 'approved';
}
