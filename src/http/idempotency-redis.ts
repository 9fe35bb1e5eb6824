import { scanKeys } from '../db/redis/scan-keys.ts';
import type { RedisHandle } from '../db/redis.ts';
import { type Begun, type IdempotencyStore, KEPT_MS, type KeptAnswers, LEASE_MS } from './idempotency-store.ts';

const PREFIX = 'cs:idempotency:';
const recordOf = (key: string): string => `${PREFIX}${key}`;
const PAGE = 200;

/** Used where Redis is the challenge store too, so that keyed requests are served while the database is down. */
export function createRedisIdempotencyStore(redis: RedisHandle): IdempotencyStore & KeptAnswers {
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
    async *answers() {
      for await (const names of scanKeys(redis, `${PREFIX}*`, PAGE)) {
        const found = await Promise.all(names.map((name) => redis.call((client) => client.hget(name, 'answer'))));
        yield names.flatMap((name, i) => {
          const answer = found[i];
          return answer ? [{ key: name.slice(PREFIX.length), answer }] : [];
        });
      }
    },
    async replaceAnswer(key, by) {
      await redis.run('idempotency-replace', [recordOf(key)], [by]);
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
