import { budgetContract } from './budgets.ts';
import { createContract } from './create.ts';
import { flowContract } from './flow.ts';
import { judgeContract } from './judge.ts';
import { type MakeStore, useStore } from './scenario.ts';
import { secretsContract } from './secrets.ts';
import { spendContract } from './spend.ts';

/** What src/verify/store.ts promises; every adapter keeps it. */
export function challengeStoreContract(makeStore: MakeStore): void {
  const on = useStore(makeStore);
  createContract(on);
  spendContract(on);
  judgeContract(on);
  budgetContract(on);
  flowContract(on);
  secretsContract(on);
}
