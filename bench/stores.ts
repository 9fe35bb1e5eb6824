import { Redis } from 'ioredis';
import pg from 'pg';
import { findOrInstall, tools } from '../test/rig/find-binary.ts';
import { startPostgres } from '../test/rig/postgres-server.ts';
import { startRedis } from '../test/rig/redis-server.ts';
import { parentOf } from './cpu-meter.ts';

export interface Stores {
  redisUrl: string;
  /** For the yardstick: the same server, other keys. */
  otherRedisUrl: string;
  redisPid: number;
  databaseUrl: string;
  postmasterPid: number;
}

/** Private servers, durable: Redis with an append-only file, PostgreSQL with fsync, and with more memory than it comes with. */
export async function startStores(runFolder: string): Promise<Stores> {
  const redis = await startRedis({ runFolder, binary: binary('redis'), args: ['--appendonly', 'yes'] });
  const postgres = await startPostgres(runFolder, binary('postgres'), {
    fsync: 'on',
    shared_buffers: '1GB',
    max_wal_size: '4GB',
  });
  return {
    redisUrl: `${redis.url}/0`,
    otherRedisUrl: `${redis.url}/1`,
    redisPid: await pidOfRedis(redis.url),
    databaseUrl: postgres.url,
    postmasterPid: await pidOfPostmaster(postgres.url),
  };
}

function binary(name: 'redis' | 'postgres'): string {
  const found = findOrInstall(tools[name]);
  if (!found) throw new Error(`${tools[name].names[0]} is not installed`);
  return found;
}

async function pidOfRedis(url: string): Promise<number> {
  const client = new Redis(url);
  const info = await client.info('server');
  client.disconnect();
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
}

async function pidOfPostmaster(url: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const pid = parentOf(rows[0]?.pid ?? 0);
  await client.end();
  return pid;
}
