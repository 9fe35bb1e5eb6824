import { cooldown, eventOf, failEvents, newChange, newSpend } from '../contract/build.ts';
import { openStore, type Profile } from '../contract/open-store.ts';
import type { Order, Outcome } from './racer.ts';

const profile = JSON.parse(process.argv[2] ?? '') as Profile;
const { store, close } = await openStore(profile);

process.on('message', async (orders: Order[]) => {
  const outcomes = await Promise.all(orders.map((order) => (order.do === 'answer' ? answer(order) : resend(order))));
  process.send?.(outcomes);
});
process.on('disconnect', close);
process.send?.('ready');

/** As the check does it: spend, judge, then consume or fail. */
async function answer({ challenge, right, now }: Order & { do: 'answer' }): Promise<Outcome> {
  const spend = newSpend(challenge, now);
  const spent = await store.spend(challenge.id, spend, now);
  if (spent.kind === 'refused') return spent.reason;
  if (spent.kind !== 'ok') return spent.kind;
  if (!right) {
    await store.fail(challenge.id, failEvents(challenge, now), now);
    return 'failed';
  }
  const approved = eventOf('verification.approved', challenge, now);
  return (await store.consume(challenge.id, spend.attempt, approved, now)) ? 'approved' : 'too late';
}

/** As the resend does it: read, decide, try; when somebody was faster, decide anew. */
async function resend({ challenge, now }: Order & { do: 'resend' }): Promise<Outcome> {
  const who = { to: challenge.to, hash: challenge.recipientHash, shard: 0 };
  for (;;) {
    const current = await store.get(challenge.id);
    if (!current) return 'gone';
    const sends = [...current.sends, { channel: 'voice', status: 'queued', at: now } as const];
    const refused = eventOf('verification.blocked', current, now);
    const change = newChange(current, { sends, limits: [cooldown(who)], refused });
    const result = await store.advance(current.id, current.rev, change, now);
    if (result.kind === 'ok') return 'sent';
    if (result.kind === 'limited') return 'limited';
  }
}
