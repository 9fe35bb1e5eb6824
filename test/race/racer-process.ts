import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import { cooldown, eventOf, failEvents, newChange, newSpend } from '../contract/build.ts';
import { openStore, type Profile } from '../contract/open-store.ts';
import type { Order, Outcome } from './racer.ts';

const profile = JSON.parse(process.argv[2] ?? '') as Profile;
const { store, close } = await openStore(profile);

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

/** As the resend does it: read, decide, try; when somebody was faster, decide anew. */
async function resend({ challenge, now }: Order & { do: 'resend' }): Promise<Outcome> {
  const who = { to: challenge.to, hash: challenge.recipientHash, shard: 0 };
  for (;;) {
    const current = await patiently(() => store.get(challenge.id));
    if (!current) return 'gone';
    const sends = [...current.sends, { channel: 'voice', status: 'queued', at: now } as const];
    const refused = eventOf('verification.blocked', current, now);
    const change = newChange(current, { sends, limits: [cooldown(who)], refused });
    const result = await patiently(() => store.advance(current.id, current.rev, change, now));
    if (result.kind === 'ok') return 'sent';
    if (result.kind === 'limited') return 'limited';
  }
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
