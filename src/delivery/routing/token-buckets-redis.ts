import type { RedisHandle } from '../../db/redis.ts';
import type { TokenBuckets } from './token-buckets.ts';

/** One tag for all: a message takes from several buckets in one step, and so they share a slot on Redis Cluster. */
const PREFIX = '{cs:rate}:';

export function createRedisBuckets(redis: RedisHandle): TokenBuckets {
  return {
    async take(asks, count, now) {
      const keys = asks.map(({ key }) => PREFIX + key);
      const args = [now * 1000, count, ...asks.flatMap(({ interval, tolerance }) => [interval, tolerance])];
      const [granted, waitMs] = (await redis.run('take-tokens', keys, args)) as [number, number];
      return { granted, waitMs };
    },
  };
}
