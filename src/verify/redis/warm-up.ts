import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../db/open.ts';
import { keys, type Tag, tags } from '../../db/redis/keys.ts';
import type { RedisHandle, RedisLog } from '../../db/redis.ts';
import { StoreUnavailable } from '../../lib/errors.ts';
import { tagOfCounter } from './counters.ts';

/**
 * Puts the budgets of failed guesses back from SQL after Redis may have lost some (restart, flush, fail-over), then
 * marks each shard with its generation. Until then every script refuses to work on it. Several processes may do it at
 * once: of two copies the newer one stays.
 */
export interface WarmUp {
  /** Resolves when every shard is warm; throws StoreUnavailable when that takes too long for a caller to wait. */
  ensure(now: number): Promise<void>;
}

/** No window or lock of a policy lasts longer; after it only runs of failures matter. */
const LONGEST_MS = 31 * 86_400_000;
const PAGE = 1_000;
const PATIENCE_MS = 500;
const RETRY_MS = 250;

export function createWarmUp(redis: RedisHandle, db: Database, log?: RedisLog): WarmUp {
  let running: Promise<void> | null = null;
  const forget = () => {
    running = null;
  };

  async function start(now: number): Promise<void> {
    try {
      const restored = await warm(redis, db, now);
      if (restored > 0) log?.warn({ restored }, 'redis had lost guess budgets; they are back from SQL');
      forget();
    } catch (error) {
      log?.warn({ err: error }, 'guess budgets cannot be put back into redis');
      setTimeout(forget, RETRY_MS).unref();
      throw new StoreUnavailable('redis', error);
    }
  }

  return {
    async ensure(now) {
      running ??= start(now);
      const patience = new AbortController();
      const timeout = sleep(PATIENCE_MS, 'late' as const, { signal: patience.signal }).catch(() => {});
      if ((await Promise.race([running, timeout])) === 'late') {
        running.catch(() => {}); // nobody waits for it any more
        throw new StoreUnavailable('redis');
      }
      patience.abort();
    },
  };
}

/** Returns how many budgets were put back. */
async function warm(redis: RedisHandle, db: Database, now: number): Promise<number> {
  const cold = new Map<Tag, ColdShard>();
  for (const shard of await Promise.all(tags.map((tag) => inspect(redis, tag)))) {
    if (shard.isCold) cold.set(shard.tag, shard);
  }
  let restored = 0;
  if (cold.size > 0) {
    for await (const page of pages(db, now)) restored += await restore(redis, page, cold);
  }
  await Promise.all([...cold.values()].map((shard) => markWarm(redis, shard)));
  return restored;
}

interface ColdShard {
  tag: Tag;
  generation: string;
  keyspace: string;
}

async function inspect(redis: RedisHandle, tag: Tag): Promise<ColdShard & { isCold: boolean }> {
  const generation = redis.generation(tag);
  if (generation === null) throw new StoreUnavailable('redis');
  const names = [keys.generation(tag), keys.keyspace(tag)] as const;
  await redis.call((client) => client.set(names[1], randomUUID(), 'NX'));
  const [marked, keyspace] = await redis.call((client) => client.mget(...names));
  return { tag, generation, keyspace: keyspace ?? '', isCold: marked !== generation };
}

/** If Redis was replaced or flushed meanwhile, what was put back is gone again. */
async function markWarm(redis: RedisHandle, { tag, generation, keyspace }: ColdShard): Promise<void> {
  const isSame = redis.generation(tag) === generation;
  const args = [generation, keyspace];
  const marked = isSame && (await redis.run('mark-warm', [keys.generation(tag), keys.keyspace(tag)], args));
  if (marked !== 1) throw new StoreUnavailable('redis');
}

interface StoredBudget {
  key: string;
  /** As lib-budgets.lua writes it. */
  state: string;
}

async function* pages(db: Database, now: number): AsyncGenerator<StoredBudget[]> {
  for (let after = ''; ; ) {
    const rows = await db.kysely
      .selectFrom('budgets')
      .selectAll()
      .where('key', '>', after)
      .where((is) =>
        is.or([is('in_a_row', '>', 0), is('locked_until', '>', now), is('updated_at', '>', now - LONGEST_MS)]),
      )
      .orderBy('key')
      .limit(PAGE)
      .execute();
    yield rows.map(({ key, failures, started_at, locked_until, in_a_row, updated_at }) => ({
      key,
      state: [failures, started_at, locked_until, in_a_row, updated_at].join(':'),
    }));
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.key;
  }
}

async function restore(
  redis: RedisHandle,
  budgets: readonly StoredBudget[],
  cold: ReadonlyMap<Tag, unknown>,
): Promise<number> {
  const byTag = Map.groupBy(budgets, ({ key }) => tagOfCounter(key));
  const counts = await Promise.all(
    [...byTag].map(([tag, group]) => {
      if (!cold.has(tag)) return 0;
      const names = group.map(({ key }) => keys.budget(tag, key));
      return redis.run(
        'warm',
        names,
        group.map(({ state }) => state),
      );
    }),
  );
  return counts.reduce<number>((sum, count) => sum + Number(count), 0);
}
