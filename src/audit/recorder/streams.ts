import { randomUUID } from 'node:crypto';
import { keys, type Tag, tags } from '../../db/redis/keys.ts';
import type { RedisHandle } from '../../db/redis.ts';

export interface RawEntry {
  tag: Tag;
  id: string;
  fields: string[];
}

/** The shards' streams of events, as one recorder among others sees them. */
export interface Streams {
  /** The oldest entries of those of these shards that this recorder holds the lease of. */
  read(of: readonly Tag[]): Promise<RawEntry[]>;
  remove(entries: readonly RawEntry[]): Promise<void>;
  /** Puts an entry that cannot be recorded aside. */
  putAside(entry: RawEntry, reason: string): Promise<void>;
  lag(now: number): Promise<RecorderLag>;
  giveLeasesBack(): Promise<void>;
}

export interface RecorderLag {
  /** Entries that wait to be recorded. */
  entries: number;
  /** Age of the oldest of them. */
  oldestMs: number;
  /** Entries put aside because they cannot be recorded. */
  buried: number;
}

/** Of each shard at a time; bounds what is held in memory. */
export const READ_COUNT = 64;
const LEASE_MS = 3_000;
const RENEW_MS = 1_000;

export function openStreams(redis: RedisHandle): Streams {
  const holder = randomUUID();
  let held = new Set<Tag>();
  let renewedAt = -RENEW_MS;

  /** A lease only spares two recorders the same work: what is written twice is the same. */
  async function lease(ttlMs: number): Promise<void> {
    const groups = redis.isCluster ? tags.map((tag) => [tag]) : [tags];
    const answers = await Promise.all(
      groups.map((group) => redis.run('lease', group.map(keys.lease), [holder, ttlMs]) as Promise<number[]>),
    );
    held = new Set(groups.flat().filter((_, i) => answers.flat()[i] === 1));
  }

  async function readStreams(of: readonly Tag[]): Promise<RawEntry[]> {
    if (of.length === 0) return [];
    const names = of.map(keys.events);
    const found = await redis.call((client) =>
      client.xread('COUNT', READ_COUNT, 'STREAMS', ...names, ...names.map(() => '0-0')),
    );
    return (found ?? []).flatMap(([name, entries]) => {
      const tag = of[names.indexOf(name)] as Tag;
      return entries.map(([id, fields]) => ({ tag, id, fields }));
    });
  }

  return {
    async read(of) {
      if (performance.now() - renewedAt >= RENEW_MS) {
        await lease(LEASE_MS);
        renewedAt = performance.now();
      }
      const mine = of.filter((tag) => held.has(tag));
      if (!redis.isCluster) return readStreams(mine);
      return (await Promise.all(mine.map((tag) => readStreams([tag])))).flat();
    },

    async remove(entries) {
      const byTag = Map.groupBy(entries, ({ tag }) => tag);
      await Promise.all(
        [...byTag].map(([tag, group]) =>
          redis.call((client) => client.xdel(keys.events(tag), ...group.map(({ id }) => id))),
        ),
      );
    },

    async putAside({ tag, id, fields }, reason) {
      await redis.run('put-aside', [keys.events(tag), keys.deadLetters(tag)], [id, reason, JSON.stringify(fields)]);
    },

    async lag(now) {
      const shards = await Promise.all(
        tags.map((tag) =>
          redis.call(async (client) => {
            const [entries, [oldest], buried] = await Promise.all([
              client.xlen(keys.events(tag)),
              client.xrange(keys.events(tag), '-', '+', 'COUNT', 1),
              client.xlen(keys.deadLetters(tag)),
            ]);
            return { entries, buried, since: oldest ? Number(oldest[0].split('-')[0]) : now };
          }),
        ),
      );
      const sum = (of: 'entries' | 'buried') => shards.reduce((total, shard) => total + shard[of], 0);
      const oldestMs = Math.max(0, ...shards.map(({ since }) => now - since));
      return { entries: sum('entries'), oldestMs, buried: sum('buried') };
    },

    giveLeasesBack: () => lease(0),
  };
}
