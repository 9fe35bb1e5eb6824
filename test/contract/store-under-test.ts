import { Cluster, type Redis } from 'ioredis';
import { sql } from 'kysely';
import { fromEventRow } from '../../src/audit/events-table.ts';
import type { Schema } from '../../src/db/schema.ts';
import { freshDatabase, freshRedis, freshRedisCluster } from '../rig/stores.ts';
import { type Opened, openStore, type Profile } from './open-store.ts';
import type { StoreUnderTest } from './scenario.ts';

export type Backing = 'sqlite' | 'postgres' | 'redis' | 'redis-cluster';

/** Fresh servers for one store; `free` gives them back. */
export async function freshProfile(backing: Backing): Promise<Profile & { free(): void }> {
  const database = await freshDatabase(backing === 'sqlite' ? 'sqlite' : 'postgres');
  const redis =
    backing === 'redis' ? await freshRedis() : backing === 'redis-cluster' ? await freshRedisCluster() : null;
  return {
    databaseUrl: database.url,
    ...(redis && { redisUrl: redis.url }),
    free() {
      database.close();
      redis?.close();
    },
  };
}

export async function makeStore(backing: Backing): Promise<StoreUnderTest> {
  const { free, ...profile } = await freshProfile(backing);
  const opened = await openStore(profile);
  return {
    ...underTest(opened),
    async close() {
      await opened.close();
      free();
    },
  };
}

export function underTest(opened: Opened): StoreUnderTest {
  return {
    store: opened.store,
    async events() {
      await opened.drain();
      const rows = await opened.db.kysely.selectFrom('events').selectAll().orderBy('position').execute();
      return rows.map(fromEventRow);
    },
    async dump() {
      const beforeRecording = await dumpRedis(opened);
      await opened.drain();
      return [beforeRecording, await dumpRedis(opened), await dumpSql(opened)].join('\n');
    },
    close: opened.close,
  };
}

const TABLES = ['verifications', 'events', 'limits', 'budgets', 'acceptances'] as const satisfies (keyof Schema)[];

async function dumpSql({ db }: Opened): Promise<string> {
  const tables = await Promise.all(TABLES.map((table) => sql`select * from ${sql.table(table)}`.execute(db.kysely)));
  return JSON.stringify(tables.map(({ rows }) => rows));
}

async function dumpRedis({ redis }: Opened): Promise<string> {
  if (!redis) return '';
  const nodes = redis.client instanceof Cluster ? redis.client.nodes('master') : [redis.client];
  return (await Promise.all(nodes.map(dumpNode))).join('\n');
}

async function dumpNode(node: Redis): Promise<string> {
  const keys = await node.keys('*');
  const read = async (key: string) => {
    const type = await node.type(key);
    if (type === 'string') return node.get(key);
    if (type === 'hash') return node.hgetall(key);
    if (type === 'zset') return node.zrange(key, '0', '-1');
    if (type === 'stream') return node.xrange(key, '-', '+');
    throw new Error(`${key} is a ${type}`);
  };
  return JSON.stringify(await Promise.all(keys.map(async (key) => [key, await read(key)])));
}
