import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { keys, slotOf } from '../../../src/db/redis/keys.ts';
import { StoreUnavailable } from '../../../src/lib/errors.ts';
import { tagOfCounter } from '../../../src/verify/redis/counters.ts';
import type { CreateResult } from '../../../src/verify/store.ts';
import { createEvents, failEvents, newChallenge, newEpoch, newSpend, subjectBudget } from '../../contract/build.ts';
import { openStore } from '../../contract/open-store.ts';
import { describeWith, freshDatabase, privateRedisCluster } from '../../rig/stores.ts';

await describeWith(['redis'], 'a slot of Redis Cluster that another node took over', () => {
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  it('is not trusted to have its guess budgets, although it has the mark of the node before it', async () => {
    const { url, nodes } = await privateRedisCluster();
    const opened = await openStore({ databaseUrl: (await freshDatabase('sqlite')).url, redisUrl: url });
    const clients = nodes.map((node) => new Redis(node.url));
    cleanUps.push(
      ...nodes.map((node) => node.stop),
      opened.close,
      ...clients.map((client) => () => client.disconnect()),
    );
    const { store } = opened;
    const now = newEpoch();
    const budget = subjectBudget({ max: 1 });
    const create = () => {
      const challenge = newChallenge(now, { budgets: [budget] });
      return store.create(challenge, [], createEvents(challenge, now), now);
    };
    const guessed = newChallenge(now, { budgets: [budget] });
    await store.create(guessed, [], createEvents(guessed, now), now);
    await store.spend(guessed.id, newSpend(guessed, now), now);
    await store.fail(guessed.id, failEvents(guessed, now), now);
    await opened.drain();
    expect(await create()).toMatchObject({ kind: 'locked' });

    // As after a fail-over to a replica that had missed the last writes.
    await takeOver(clients, tagOfCounter(budget.key));
    expect(await patiently(create)).toMatchObject({ kind: 'locked' });
  });
});

/** Another node gets the slot of this tag, and of its keys nothing but the mark. */
async function takeOver(clients: Redis[], tag: string): Promise<void> {
  const slot = slotOf(tag);
  const owned = await Promise.all(clients.map((client) => client.call('CLUSTER', 'GETKEYSINSLOT', slot, 1000)));
  const from = clients.findIndex((_, i) => (owned[i] as string[]).length > 0);
  const [source, target] = [clients[from] as Redis, clients[(from + 1) % clients.length] as Redis];
  const [sourceId, targetId] = await Promise.all([source.cluster('MYID'), target.cluster('MYID')]);
  await target.cluster('SETSLOT', slot, 'IMPORTING', sourceId);
  await source.cluster('SETSLOT', slot, 'MIGRATING', targetId);
  const { port = 0 } = target.options;
  await source.call('MIGRATE', '127.0.0.1', port, keys.generation(tag), 0, 5000);
  const rest = (owned[from] as string[]).filter((key) => key !== keys.generation(tag));
  for (const key of rest) await source.del(key);
  for (const client of [target, source, ...clients]) await client.cluster('SETSLOT', slot, 'NODE', targetId);
}

async function patiently(call: () => Promise<CreateResult>): Promise<CreateResult> {
  for (const end = Date.now() + 15_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || Date.now() > end) throw error;
    }
  }
}
