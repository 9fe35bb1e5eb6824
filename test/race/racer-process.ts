import { createSecretKey, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { createKeyring } from '../../src/lib/keyring.ts';
import type { Challenge } from '../../src/verify/challenge.ts';
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
  process.send?.(await Promise.all(orders.map(run)));
});
process.on('disconnect', close);
process.send?.('ready');

async function run(order: Order): Promise<Outcome[]> {
  const unsure: Outcome[] = [];
  const outcome = order.do === 'answer' ? await answer(order, unsure) : await resend(order, unsure);
  return [...unsure, outcome];
}

/** As the check does it: spend, judge, then consume or fail; and as its caller does, who comes again. */
async function answer(order: Order & { do: 'answer' }, unsure: Outcome[]): Promise<Outcome> {
  const { challenge, right, now } = order;
  const spend = newSpend(challenge, now);
  const spent = await patiently(() => store.spend(challenge.id, spend, now), unsure);
  if (spent.kind === 'refused') return spent.reason;
  if (spent.kind !== 'ok') return spent.kind;
  if (!right) {
    await patiently(() => store.fail(challenge.id, failEvents(challenge, now), now));
    return 'failed';
  }
  const approved = eventOf('verification.approved', challenge, now);
  try {
    return (await store.consume(challenge.id, spend.attempt, approved, now)) ? 'approved' : 'too late';
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    await withdraw(challenge, spend.attempt, now);
    return answer(order, unsure);
  }
}

/** Until it is known to be so. */
async function withdraw({ id, secrets }: Challenge, attempt: string, now: number): Promise<void> {
  await store.withdraw(id, attempt, secrets?.codeHash ?? '', now);
  const read = () => db.kysely.selectFrom('acceptances').select('withdrawn').where('challenge_id', '=', id).execute();
  while (!(await patiently(read)).some(({ withdrawn }) => withdrawn?.includes(attempt))) await sleep(10);
}

async function resend({ challenge, now }: Order & { do: 'resend' }, unsure: Outcome[]): Promise<Outcome> {
  const { id, project, mode } = challenge;
  const caller = { project, mode, actor: 'key_one' };
  const request = { allowedChannels: ['sms' as const] };
  const result = await patiently(
    () => resendVerification({ ...deps, now: () => now }, caller, id, request, now),
    unsure,
  );
  return result.kind;
}

/** So many at once wait longer for a connection or a lock than a store lets them; then perhaps nothing was done. */
async function patiently<T>(step: () => Promise<T>, unsure: Outcome[] = []): Promise<T> {
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      unsure.push('unsure');
      await sleep(Math.random() * 50);
    }
  }
}
