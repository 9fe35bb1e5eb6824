import { Cluster } from 'ioredis';
import type { RedisHandle } from '../redis.ts';

/** Names of all keys like `pattern`, some at a time, on every node; a key that is there all the while is among them. */
export async function* scanKeys(redis: RedisHandle, pattern: string, count: number): AsyncGenerator<string[]> {
  const { client } = redis;
  for (const node of client instanceof Cluster ? client.nodes('master') : [client]) {
    let cursor = '0';
    do {
      const [next, names] = await redis.call(() => node.scan(cursor, 'MATCH', pattern, 'COUNT', count));
      yield names;
      cursor = next;
    } while (cursor !== '0');
  }
}
