import { SHARDS, shardOfChallenge } from '../../lib/ids.ts';

/**
 * Names of everything kept in Redis. The part in braces decides the slot on Redis Cluster, so a script whose keys
 * all carry one tag touches one node. A challenge lives in the shard that its id names.
 */
export type Tag = string;

export const tags: readonly Tag[] = Array.from(
  { length: SHARDS },
  (_, shard) => `{cs:${String(shard).padStart(2, '0')}}`,
);

export function tagOfShard(shard: number): Tag {
  const tag = tags[shard];
  if (tag === undefined) throw new RangeError(`there is no shard ${shard}`);
  return tag;
}

export function tagOfChallenge(id: string): Tag {
  return tagOfShard(shardOfChallenge(id));
}

/** Counters that belong to no recipient are spread by their own key. Never change it on live data. */
export function shardOfKey(key: string): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % SHARDS;
}

export const keys = {
  /** Which incarnation of the Redis master the shard's budgets are known to be complete on. */
  generation: (tag: Tag) => `${tag}:gen`,
  /** A random value, which a flush takes away. */
  keyspace: (tag: Tag) => `${tag}:keyspace`,
  events: (tag: Tag) => `${tag}:events`,
  deadLetters: (tag: Tag) => `${tag}:dead`,
  lease: (tag: Tag) => `${tag}:lease`,
  due: (tag: Tag) => `${tag}:due`,
  /** What changes of a challenge, and what does not. */
  state: (tag: Tag, id: string) => `${tag}:c:${id}`,
  facts: (tag: Tag, id: string) => `${tag}:f:${id}`,
  limit: (tag: Tag, key: string) => `${tag}l:${key}`,
  budget: (tag: Tag, key: string) => `${tag}b:${key}`,
};

/** https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model (CRC16-CCITT, XMODEM). */
export function slotOf(tag: Tag): number {
  let crc = 0;
  for (const byte of Buffer.from(tag.slice(1, -1))) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % 16_384;
}
