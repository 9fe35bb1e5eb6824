import { createSecretKey, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { createKeyring } from '../../src/lib/keyring.ts';
import { createCodeHasher } from '../../src/verify/code.ts';
import type { VerifyDeps } from '../../src/verify/deps.ts';
import { createGuards } from '../../src/verify/guards.ts';
import { getRecord } from '../../src/verify/records.ts';
import { resendVerification } from '../../src/verify/resend.ts';
import { eventOf, failEvents, newSpend } from '../contract/build.ts';
import { openStore, type Profile } from '../contract/open-store.ts';
import type { Order, Outcome } from './racer.ts';

const profile = JSON.parse(process.argv[2] ?? '') as Profile;
const { store, db, close } = await openStore(profile);
const keyring = createKeyring([randomBytes(32)]);
const hashKey = createSecretKey(randomBytes(32));
/** As open.ts puts them together, but for the carrier: nothing is sent. */
const deps: Omit<VerifyDeps, 'now'> = {
  store,
  hasher: createCodeHasher(keyring),
  keyring,
  hashKey,
  guards: createGuards(hashKey),
  deliver: async () => ({ kind: 'sent', provider: 'none' }),
  signProof: async () => '',
  identities: { refusalOf: async () => null },
  devices: { isKnown: async () => false, remember: async () => {}, forgetAll: async () => {} },
  records: { get: (who) => getRecord(db, who) },
  // Where too many ask at once, a worker takes the send up later.
  background: (task) => void task.catch(() => {}),
  metrics: { started() {}, checked() {}, sent() {} },
};

process.on('message', async (orders: Order[]) => {
  const run = (order: Order) => (order.do === 'answer' ? answer(order) : resend(order));
  const outcomes = await Promise.all(orders.map(run));
  process.send?.(outcomes);
});
process.on('disconnect', close);
process.send?.('ready');

/** As the check does it: spend, judge, then consume or fail. */
async function answer({ challenge, right, now }: Order & { do: 'answer' }): Promise<Outcome> {
  const spend = newSpend(challenge, now);
  const spent = await patiently(() => store.spend(challenge.id, spend, now));
  if (spent.kind === 'refused') return spent.reason;
  if (spent.kind !== 'ok') return spent.kind;
  if (!right) {
    await patiently(() => store.fail(challenge.id, failEvents(challenge, now), now));
    return 'failed';
  }
  const approved = eventOf('verification.approved', challenge, now);
  const accepted = await patiently(() => store.consume(challenge.id, spend.attempt, approved, now));
  return accepted ? 'approved' : 'too late';
}

async function resend({ challenge, now }: Order & { do: 'resend' }): Promise<Outcome> {
  const { id, project, mode } = challenge;
  const caller = { project, mode, actor: 'key_one' };
  const request = { allowedChannels: ['sms' as const] };
  const result = await patiently(() => resendVerification({ ...deps, now: () => now }, caller, id, request, now));
  return result.kind;
}

/** So many at once wait longer for a connection or a lock than a store lets them; then nothing was done. */
async function patiently<T>(step: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await sleep(Math.random() * 50);
    }
  }
}
