import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, type Redis } from 'ioredis';
import { StoreUnavailable } from '../lib/errors.ts';
import { connect } from './redis/connect.ts';
import { fromRedis, isRefusal } from './redis/errors.ts';
import { watchGenerations } from './redis/generation.ts';
import { type Tag, tags } from './redis/keys.ts';
import { createScriptRunner, type RunScript } from './redis/run-scripts.ts';
import { parseRedisUrl } from './redis/url.ts';

export interface RedisHandle {
  readonly client: Redis | Cluster;
  readonly isCluster: boolean;
  /** Which incarnation of Redis serves this tag; null while that is not known. */
  generation(tag: Tag): string | null;
  /** Runs one of the scripts in lua/. Throws StoreUnavailable like everything here. */
  run: RunScript;
  /** Any other command, its errors classified. */
  call<T>(command: (client: Redis | Cluster) => Promise<T>): Promise<T>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface RedisLog {
  info(message: string): void;
  warn(details: object, message: string): void;
}

const OPEN_TIMEOUT_MS = 10_000;
const REFRESH_MS = 250;

/**
 * Connects, and refuses a Redis that may drop keys on its own or does not let us in. Throws StoreUnavailable when
 * none answers in ten seconds. Afterwards it reconnects by itself.
 */
export async function openRedis(url: string, log?: RedisLog): Promise<RedisHandle> {
  const address = parseRedisUrl(url);
  if (!address) {
    throw new Error('not a Redis URL: use redis://, rediss://, redis+sentinel://h1,h2/master or redis+cluster://h1,h2');
  }
  const client = connect(address);
  const generations = watchGenerations(client);
  const runScript = createScriptRunner(client);
  let lastError: unknown;
  let refreshedAt = -REFRESH_MS;

  const onError = (error: unknown) => {
    lastError = fromRedis(error);
    log?.warn({ err: lastError }, 'redis connection failed');
  };
  client.on('error', onError);
  client.on('node error', onError);
  client.on('ready', () => log?.info('redis connected'));

  async function call<T>(command: (client: Redis | Cluster) => Promise<T>): Promise<T> {
    try {
      return await command(client);
    } catch (error) {
      const classified = fromRedis(error);
      // Perhaps a slot has moved: ioredis would find out by following the redirection, which it must not (connect.ts).
      const mayHaveMoved = client instanceof Cluster && classified instanceof StoreUnavailable;
      if (mayHaveMoved && performance.now() - refreshedAt >= REFRESH_MS) {
        refreshedAt = performance.now();
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
    run: (name, keys, args) => call(() => runScript(name, keys, args)),
    async ping() {
      await call((redis) => Promise.all(mastersOf(redis).map((node) => node.ping())));
      if (tags.some((tag) => generations.of(tag) === null)) throw new StoreUnavailable('redis', lastError);
    },
    async close() {
      client.disconnect();
    },
  };
  try {
    await untilReady(handle, () => lastError);
    for (const node of mastersOf(client)) refuseEviction(await call(() => node.info('memory')), log);
  } catch (error) {
    client.disconnect();
    throw error;
  }
  return handle;
}

function mastersOf(client: Redis | Cluster): Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

async function untilReady(redis: RedisHandle, lastError: () => unknown): Promise<void> {
  const known = () => tags.every((tag) => redis.generation(tag) !== null);
  for (const end = performance.now() + OPEN_TIMEOUT_MS; !known(); await sleep(10)) {
    const error = lastError();
    if (isRefusal(error)) throw new Error('Redis refuses the credentials of its URL', { cause: error });
    if (performance.now() > end) throw new StoreUnavailable('redis', error);
  }
}

/** Evicted keys would be guesses and limits forgotten. */
function refuseEviction(info: string, log?: RedisLog): void {
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
  if (policy === 'noeviction') return;
  const isLimited = !/^maxmemory:0\s/m.test(info);
  if (isLimited) throw new Error(`Redis evicts keys (maxmemory-policy ${policy}): it must be noeviction`);
  log?.warn({ policy }, 'redis would evict keys if it had a memory limit: set maxmemory-policy to noeviction');
}
