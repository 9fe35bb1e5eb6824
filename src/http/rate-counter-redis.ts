import type { RedisHandle } from '../db/redis.ts';
import type { RateCounter } from './rate-counter.ts';

export function createRedisRateCounter(redis: RedisHandle): RateCounter {
  return {
    async add(key, uses, now, expiresAt) {
      return (await redis.run('rate-add', [`cs:${key}`], [uses, expiresAt - now])) as number;
    },
  };
}
