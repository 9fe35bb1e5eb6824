import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { replyCode } from './errors.ts';
import type { RedisAddress } from './url.ts';

/** A command is answered within a second or not at all: callers answer 503 rather than wait. */
export const TIMEOUT_MS = 1_000;

export function connect(address: RedisAddress): Redis | Cluster {
  const common = {
    connectionName: 'countersign',
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls && { tls: {} }),
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    // Ends the connection, and with it everything that waits on it: nothing piles up behind a Redis that hangs.
    socketTimeout: TIMEOUT_MS,
    // A command is never sent twice: it may have been carried out the first time.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    retryStrategy: jitteredBackOff,
    // A master that was demoted: find the new one.
    reconnectOnError: (error: Error) => replyCode(error) === 'READONLY',
  } satisfies RedisOptions;
  // Scripts are gathered by run-scripts.ts.
  const ungathered = { autoPipeliningIgnoredCommands: ['evalsha', 'eval'] };
  switch (address.kind) {
    case 'single':
      return new Redis({ ...common, ...ungathered, host: address.host, port: address.port, db: address.db });
    case 'sentinel':
      return new Redis({
        ...common,
        ...ungathered,
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
        enableOfflineQueue,
        enableAutoPipelining,
        clusterRetryStrategy: retryStrategy,
        clusterNodeRetryStrategy: retryStrategy,
        // None: a script sent on to a replica just promoted would carry the generation of the master before it.
        maxRedirections: 0,
        // Certificates are for names.
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
