import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach } from 'vitest';
import { StoreUnavailable } from '../../src/lib/errors.ts';
import type { AcceptingStore } from '../../src/verify/acceptance-ledger.ts';
import { APPEND_ALWAYS, type RedisServer } from '../rig/redis-server.ts';
import { describeWith, freshDatabase, privateRedis } from '../rig/stores.ts';
import { newChallenge, newChange } from './build.ts';
import { challengeStoreContract } from './challenge-store.ts';
import { openStore } from './open-store.ts';
import { underTest } from './store-under-test.ts';

/** Of the test that runs: Redis is killed and started again once, when something is done and nothing is under way. */
let done = 0;
let underWay = 0;
let wasRestarted = false;
beforeEach(() => {
  done = 0;
  wasRestarted = false;
});

await describeWith(
  ['redis', 'postgres'],
  'challenge store on Redis with AOF, killed in the middle of every test',
  () => {
    challengeStoreContract(async () => {
      const server = await privateRedis(APPEND_ALWAYS);
      const database = await freshDatabase('postgres');
      const opened = await openStore({ databaseUrl: database.url, redisUrl: server.url });
      return {
        ...underTest({ ...opened, store: restarting(opened.store, server) }),
        async close() {
          await opened.close();
          database.close();
          await server.stop();
        },
      };
    });
  },
);

function restarting(store: AcceptingStore, server: RedisServer): AcceptingStore {
  let restarted = Promise.resolve();
  return new Proxy(store, {
    get(target, name: keyof AcceptingStore) {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (!wasRestarted && underWay === 0 && done > 0) {
          wasRestarted = true;
          restarted = restart(store, server);
        }
        underWay += 1;
        try {
          await restarted;
          return await method(...args);
        } finally {
          underWay -= 1;
          done += 1;
        }
      };
    },
  });
}

async function restart(store: AcceptingStore, server: RedisServer): Promise<void> {
  await server.kill();
  await server.start();
  for (;;) {
    try {
      // Touches every shard, so that all of them know the new server.
      await store.claimDue(0, 1, 1);
      // Changes nothing, but asks for the budgets to be put back, which a busy machine may take long for.
      const unknown = newChallenge(0);
      await store.advance(unknown.id, 0, newChange(unknown), 0);
      return;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await sleep(5);
    }
  }
}
