import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Loan } from './broker.ts';
import { startPostgres } from './postgres-server.ts';
import { startRedis, startRedisCluster } from './redis-server.ts';

type Lend = () => Promise<Loan>;

/** A flushed logical database of one Redis for each borrower. */
export function lendRedis(givenUrl: string | undefined, runFolder: string, binary: () => string): Lend {
  const start = once(async () => {
    // A given server has at least the 16 databases of Redis' default; 0 may be somebody's.
    const databases = givenUrl ? 16 : 1000;
    const url =
      givenUrl ?? (await startRedis({ runFolder, binary: binary(), args: ['--databases', String(databases)] })).url;
    return { url, free: Array.from({ length: databases - 1 }, (_, i) => i + 1) };
  });
  return async () => {
    const { url, free } = await start();
    const number = free.shift();
    if (number === undefined) throw new Error('every logical database of Redis is lent');
    const own = new URL(url);
    own.pathname = `/${number}`;
    await flush(own.href);
    return { value: own.href, giveBack: async () => void free.push(number) };
  };
}

/** The whole of one cluster, flushed, for one borrower at a time. */
export function lendClusters(runFolder: string, binary: () => string): Lend {
  const start = once(() => startRedisCluster({ runFolder, binary: binary() }));
  let lastReturned: Promise<void> = Promise.resolve();
  return async () => {
    const { url, nodes } = await start();
    const before = lastReturned;
    const { promise, resolve } = Promise.withResolvers<void>();
    lastReturned = promise;
    await before;
    await Promise.all(nodes.map((node) => flush(node.url)));
    return { value: url, giveBack: async () => resolve() };
  };
}

/** A new database of one PostgreSQL for each borrower: an empty one, or a copy of a migrated one. */
export function lendDatabases(givenUrl: string | undefined, runFolder: string, binary: () => string) {
  const name = (kind: string) => `countersign_test_${kind}_${randomBytes(6).toString('hex')}`;
  const template = name('template');
  const start = once(async () => {
    const url = givenUrl ?? (await startPostgres(runFolder, binary())).url;
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    pool.on('error', () => {}); // the server ends before the pool does
    return { url, pool };
  });
  const prepareTemplate = once(async () => {
    const { url, pool } = await start();
    await pool.query(`create database ${template}`);
    const { migrateDatabase } = await import('./migrated.ts');
    await migrateDatabase(named(url, template));
  });
  let used = false;

  return {
    async lend(kind: string): Promise<Loan> {
      used = true;
      const { url, pool } = await start();
      const own = name(kind);
      if (kind === 'migrated') {
        await prepareTemplate();
        await pool.query(`create database ${own} template ${template}`);
      } else {
        await pool.query(`create database ${own}`);
      }
      return { value: named(url, own), giveBack: () => pool.query(`drop database if exists ${own} with (force)`) };
    },
    async close(): Promise<void> {
      if (!used) return;
      const { pool } = await start();
      if (givenUrl) await pool.query(`drop database if exists ${template} with (force)`);
      await pool.end();
    },
  };
}

function named(url: string, database: string): string {
  const own = new URL(url);
  own.pathname = `/${database}`;
  return own.href;
}

async function flush(url: string): Promise<void> {
  const client = new Redis(url);
  try {
    await client.flushdb();
  } finally {
    client.disconnect();
  }
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
