import type { RedisHandle } from '../db/redis.ts';
import { type Begun, type IdempotencyStore, KEPT_MS, LEASE_MS } from './idempotency-store.ts';

const recordOf = (key: string): string => `cs:idempotency:${key}`;

/** Used where Redis is the challenge store too, so that keyed requests are served while the database is down. */
export function createRedisIdempotencyStore(redis: RedisHandle): IdempotencyStore {
  return {
    async begin(key, fingerprint, seed, now) {
      const args = [fingerprint, seed, now, now + LEASE_MS, KEPT_MS];
      const reply = await redis.run('idempotency-begin', [recordOf(key)], args);
      return toBegun(reply as [Begun['kind'], string, string]);
    },
    async finish(key, answer) {
      return (await redis.run('idempotency-finish', [recordOf(key)], [answer, KEPT_MS])) as string;
    },
    async release(key, leasedUntil) {
      await redis.run('idempotency-release', [recordOf(key)], [leasedUntil]);
    },
  };
}

function toBegun([kind, detail, leasedUntil]: [Begun['kind'], string, string]): Begun {
  switch (kind) {
    case 'run':
      return { kind, seed: detail, leasedUntil: Number(leasedUntil) };
    case 'running':
      return { kind, leasedUntil: Number(leasedUntil) };
    case 'done':
      return { kind, answer: detail };
    case 'mismatch':
      return { kind };
  }
}
