import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePorts } from './free-ports.ts';
import { newFolder } from './run-folder.ts';
import { createServerProcess, type Server } from './server-process.ts';

export interface RedisServer extends Server {
  url: string;
  port: number;
}

export interface RedisOptions {
  runFolder: string;
  binary: string;
  /** Further settings, e.g. `['--appendonly', 'yes']`. */
  args?: string[];
}

export async function startRedis({ runFolder, binary, args = [] }: RedisOptions): Promise<RedisServer> {
  const [port = 0] = await freePorts(1);
  const server = createServerProcess({
    runFolder,
    command: binary,
    args: ['--bind', '127.0.0.1', '--port', String(port), '--save', '', ...args],
    folder: newFolder(runFolder, 'redis'),
    ready: 'Ready to accept connections',
    stopSignal: 'SIGTERM',
  });
  await server.start();
  return { ...server, url: `redis://127.0.0.1:${port}`, port };
}

/** An acknowledged write is on disk: whatever happens to the server, it is there after the next start. */
export const APPEND_ALWAYS = ['--appendonly', 'yes', '--appendfsync', 'always'];

export interface RedisCluster {
  url: string;
  nodes: RedisServer[];
}

const SLOTS = 16_384;

/** Three masters, no replicas. Redis itself waits 2 s before a new cluster takes writes. */
export async function startRedisCluster({ runFolder, binary, args = [] }: RedisOptions): Promise<RedisCluster> {
  const busPorts = await freePorts(3);
  const nodes = await Promise.all(
    busPorts.map((busPort) => {
      const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '2000'];
      return startRedis({ runFolder, binary, args: [...cluster, ...args] });
    }),
  );
  const clients = nodes.map((node) => new Redis(node.url));
  try {
    for (const [index, client] of clients.entries()) {
      const first = Math.ceil((index * SLOTS) / nodes.length);
      const last = Math.ceil(((index + 1) * SLOTS) / nodes.length) - 1;
      await client.cluster('ADDSLOTS', ...Array.from({ length: last - first + 1 }, (_, i) => first + i));
      await client.cluster('SET-CONFIG-EPOCH', index + 1);
    }
    for (const [index, node] of nodes.entries()) {
      if (index > 0) await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(busPorts[index]));
    }
    for (const client of clients) await until(async () => (await client.cluster('INFO')).includes('cluster_state:ok'));
  } finally {
    for (const client of clients) client.disconnect();
  }
  return { url: `redis+cluster://${nodes.map((node) => `127.0.0.1:${node.port}`).join(',')}`, nodes };
}

export interface RedisSentinel {
  url: string;
  /** The master at first. */
  master: RedisServer;
  replica: RedisServer;
  sentinels: Server[];
}

/** A master, a replica and three sentinels that agree on a failure within about two seconds. */
export async function startRedisSentinel({ runFolder, binary, args = [] }: RedisOptions): Promise<RedisSentinel> {
  const master = await startRedis({ runFolder, binary, args });
  const replica = await startRedis({
    runFolder,
    binary,
    args: ['--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0', ...args],
  });
  const ports = await freePorts(3);
  const sentinels = await Promise.all(ports.map((port) => startSentinel(runFolder, binary, port, master.port)));
  const watching = new Redis(`redis://127.0.0.1:${ports[0]}`);
  try {
    await until(async () => {
      const state = (await watching.call('SENTINEL', 'MASTER', MASTER_NAME)) as string[];
      const field = (name: string) => state[state.indexOf(name) + 1];
      return field('num-slaves') === '1' && field('num-other-sentinels') === '2';
    });
  } finally {
    watching.disconnect();
  }
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
  return { url: `redis+sentinel://${hosts}/${MASTER_NAME}`, master, replica, sentinels };
}

const MASTER_NAME = 'countersign';

async function startSentinel(runFolder: string, binary: string, port: number, masterPort: number): Promise<Server> {
  const folder = newFolder(runFolder, 'sentinel');
  const config = [
    'bind 127.0.0.1',
    `port ${port}`,
    `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
    `sentinel failover-timeout ${MASTER_NAME} 3000`,
  ];
  writeFileSync(join(folder, 'sentinel.conf'), `${config.join('\n')}\n`);
  const server = createServerProcess({
    runFolder,
    command: binary,
    args: [join(folder, 'sentinel.conf'), '--sentinel'],
    folder,
    ready: 'Sentinel ID is',
    stopSignal: 'SIGTERM',
  });
  await server.start();
  return server;
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; !(await isTrue()); await sleep(20)) {
    if (Date.now() > end) throw new Error('the Redis servers did not find each other in 15 s');
  }
}
