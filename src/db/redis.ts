import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { StoreUnavailable } from '../lib/errors.ts';
import { fromRedis, replyCode } from './redis/errors.ts';
import { watchGenerations } from './redis/generation.ts';
import { type Tag, tagOfShard } from './redis/keys.ts';
import { type ScriptName, scripts } from './redis/scripts.ts';
import { parseRedisUrl, type RedisAddress } from './redis/url.ts';

export interface RedisHandle {
  readonly client: Redis | Cluster;
  readonly isCluster: boolean;
  /** Which incarnation of Redis serves this tag; null while that is not known. */
  generation(tag: Tag): string | null;
  /** Runs one of the scripts in lua/. Throws StoreUnavailable like everything here. */
  run(script: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  /** Any other command, its errors classified. */
  call<T>(command: (client: Redis | Cluster) => Promise<T>): Promise<T>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface RedisLog {
  info(message: string): void;
  warn(details: object, message: string): void;
}

/** A command is answered within a second or not at all: callers answer 503 rather than wait. */
const TIMEOUT_MS = 1_000;
const OPEN_TIMEOUT_MS = 10_000;
const REFRESH_MS = 250;

/** Connects, and refuses a Redis that may drop keys on its own. Throws StoreUnavailable when none answers. */
export async function openRedis(url: string, log?: RedisLog): Promise<RedisHandle> {
  const address = parseRedisUrl(url);
  if (!address) {
    throw new Error('not a Redis URL: use redis://, rediss://, redis+sentinel://h1,h2/master or redis+cluster://h1,h2');
  }
  const client = connect(address);
  const generations = watchGenerations(client);
  client.on('error', (error) => log?.warn({ err: fromRedis(error) }, 'redis connection failed'));
  client.on('ready', () => log?.info('redis connected'));
  let refreshedAt = 0;

  async function call<T>(command: (client: Redis | Cluster) => Promise<T>): Promise<T> {
    try {
      return await command(client);
    } catch (error) {
      const classified = fromRedis(error);
      // ioredis would follow MOVED by itself, to a node whose generation the caller has not seen (see `maxRedirections`).
      if (
        client instanceof Cluster &&
        classified instanceof StoreUnavailable &&
        Date.now() - refreshedAt > REFRESH_MS
      ) {
        refreshedAt = Date.now();
        client.refreshSlotsCache();
      }
      throw classified;
    }
  }

  const handle: RedisHandle = {
    client,
    isCluster: client instanceof Cluster,
    generation: generations.of,
    call,
    run: (name, keys, args) => call((redis) => evaluate(redis, name, keys, args)),
    async ping() {
      await call(async (redis) => {
        await Promise.all(mastersOf(redis).map((node) => node.ping()));
      });
    },
    async close() {
      client.disconnect();
    },
  };
  try {
    await untilReady(handle);
    await Promise.all(mastersOf(client).map(async (node) => checkEviction(await call(() => node.info('memory')), log)));
  } catch (error) {
    client.disconnect();
    throw error;
  }
  return handle;
}

function connect(address: RedisAddress): Redis | Cluster {
  const common = {
    connectionName: 'countersign',
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls && { tls: {} }),
    connectTimeout: TIMEOUT_MS,
    // Ends the connection, and with it everything that waits on it; nothing piles up behind a Redis that hangs.
    socketTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    // A command is never sent twice: it may have been carried out the first time.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    retryStrategy: jitteredBackOff,
    // A master that was demoted: find the new one.
    reconnectOnError: (error: Error) => replyCode(error) === 'READONLY',
  } satisfies RedisOptions;
  switch (address.kind) {
    case 'single':
      return new Redis({ ...common, host: address.host, port: address.port, db: address.db });
    case 'sentinel':
      return new Redis({
        ...common,
        sentinels: address.sentinels,
        name: address.master,
        db: address.db,
        sentinelRetryStrategy: jitteredBackOff,
        sentinelCommandTimeout: TIMEOUT_MS,
        ...(address.sentinelPassword !== undefined && { sentinelPassword: address.sentinelPassword }),
        ...(address.tls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
      });
    case 'cluster': {
      const { retryStrategy, enableOfflineQueue, enableAutoPipelining, ...redisOptions } = common;
      return new Cluster(address.nodes, {
        redisOptions,
        enableOfflineQueue: false,
        enableAutoPipelining: true,
        clusterRetryStrategy: jitteredBackOff,
        clusterNodeRetryStrategy: jitteredBackOff,
        // None: a script sent on to a replica just promoted would carry the generation of the master before it.
        maxRedirections: 0,
        ...(address.tls && { dnsLookup: (host, callback) => callback(null, host) }),
      });
    }
  }
}

/** Many clients that lost one server do not come back in step. */
function jitteredBackOff(attempts: number): number {
  const longest = Math.min(TIMEOUT_MS, 50 * 2 ** Math.min(attempts, 10));
  return longest * (0.5 + Math.random() / 2);
}

async function evaluate(
  client: Redis | Cluster,
  name: ScriptName,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const { sha, lua } = scripts[name];
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    // Redis was restarted or is another one; it has not run anything.
    if (replyCode(error) !== 'NOSCRIPT') throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}

function mastersOf(client: Redis | Cluster): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

async function untilReady(redis: RedisHandle): Promise<void> {
  const tag = tagOfShard(0);
  for (const end = Date.now() + OPEN_TIMEOUT_MS; redis.generation(tag) === null; await sleep(10)) {
    if (Date.now() > end) throw new StoreUnavailable('redis', new Error('no answer'));
  }
}

/** Evicted keys would be guesses and limits forgotten. */
function checkEviction(info: string, log?: RedisLog): void {
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
  const limited = !/^maxmemory:0\s/m.test(info);
  if (policy === 'noeviction') return;
  if (limited) throw new Error(`Redis evicts keys (maxmemory-policy ${policy}): it must be noeviction`);
  log?.warn({ policy }, 'redis would evict keys if it had a memory limit: set maxmemory-policy to noeviction');
}
