import { expect, it } from 'vitest';
import { tags } from '../../src/db/redis/keys.ts';
import { openRedis } from '../../src/db/redis.ts';
import { describeWith, freshRedis, freshRedisCluster } from '../rig/stores.ts';

await describeWith(['redis'], 'openRedis', () => {
  it.each([
    ['Redis', freshRedis],
    ['a cluster', freshRedisCluster],
  ] as const)(
    'opens %s when every shard can be used, not before',
    async (_, makeFresh) => {
      const fresh = await makeFresh();
      for (let i = 0; i < 10; i += 1) {
        const redis = await openRedis(fresh.url);
        const unknown = tags.filter((tag) => redis.generation(tag) === null);
        await redis.close();
        expect(unknown).toEqual([]);
      }
      fresh.close();
      // The cluster may have to be waited for.
    },
    300_000,
  );
});
