import type { Socket } from 'node:net';
import { CompiledQuery, type Dialect, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { StoreUnavailable } from '../lib/errors.ts';
import { type Brackets, runBatch } from './batch.ts';
import { fromPostgres } from './errors.ts';
import type { Database } from './open.ts';

export interface PostgresOptions {
  /** Connections of this process. */
  poolSize: number;
  /** Callers that may wait for a connection; the next one is told at once that the store is unavailable. */
  maxWaiting: number;
  connectTimeoutMs: number;
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  /** Told about connections lost while idle. */
  onError: (error: Error) => void;
}

/** The server cancels a slow statement; should it be unreachable, the driver gives up this much later. */
const ANSWER_GRACE_MS = 1000;
const KEEP_ALIVE_MS = 10_000;
const INT8 = 20;

export interface Postgres {
  dialect: Dialect;
  batch: Database['batch'];
}

const TRANSACTION: Brackets = {
  begin: CompiledQuery.raw('begin'),
  commit: CompiledQuery.raw('commit'),
  rollback: [CompiledQuery.raw('rollback')],
};

/** `enter` is asked before a connection is taken. */
export function openPostgres(
  connectionString: string,
  options: PostgresOptions,
  enter?: () => Promise<() => void>,
): Postgres {
  const pool = new pg.Pool({
    connectionString,
    application_name: 'countersign',
    max: options.poolSize,
    connectionTimeoutMillis: options.connectTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs,
    idle_in_transaction_session_timeout: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + ANSWER_GRACE_MS,
    // Compiling a query of ours takes longer than it saves.
    options: '-c jit=off',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    pipeline: true,
    types: { getTypeParser },
  });
  // An 'error' event without a listener ends the process: the pool reports idle connections,
  // and a connection in use reports itself besides failing its statement.
  pool.on('error', options.onError);
  pool.on('connect', (client) => client.on('error', () => {}));

  const leaves = new WeakMap<pg.PoolClient, () => void>();

  async function connect(): Promise<pg.PoolClient> {
    const leave = enter && (await enter());
    try {
      if (pool.waitingCount >= options.maxWaiting) throw new StoreUnavailable('database');
      const client = await pool.connect();
      if (leave) leaves.set(client, leave);
      return client;
    } catch (error) {
      leave?.();
      throw fromPostgres(error);
    }
  }

  function release(client: pg.PoolClient, broken?: boolean): void {
    client.release(broken);
    leaves.get(client)?.();
  }

  const guarded = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    dialect: new PostgresDialect({
      pool: {
        options: pool.options,
        end: () => pool.end(),
        async connect() {
          const client = await connect();
          // Kysely remembers clients by identity.
          const known = guarded.get(client) ?? guard(client, (broken) => release(client, broken));
          guarded.set(client, known);
          return known;
        },
      },
    }),
    async batch(_, work) {
      const client = await connect();
      let broken = false;
      try {
        const connection = { send: sendTogether.bind(null, client), discard: () => (broken = true) };
        return await runBatch(connection, TRANSACTION, work);
      } finally {
        release(client, broken);
      }
    },
  };
}

/** Not in the types of the driver. */
interface Wire {
  readonly connection: { readonly stream: Pick<Socket, 'cork' | 'uncork'> };
}

/** Each statement is on its way before the answer to the one before it, all in one write. */
async function sendTogether(client: pg.PoolClient, queries: readonly CompiledQuery[]): Promise<unknown[][]> {
  const { stream } = (client as pg.PoolClient & Wire).connection;
  stream.cork();
  const sent = queries.map((query) => client.query(query.sql, [...query.parameters]));
  stream.uncork();
  const answers = await Promise.allSettled(sent);
  return answers.map((answer) => {
    // The first failure is the cause; in a transaction the statements behind it fail in its wake.
    if (answer.status === 'rejected') throw fromPostgres(answer.reason);
    return answer.value.rows;
  });
}

function guard(client: pg.PoolClient, release: PostgresPoolClient['release']): PostgresPoolClient {
  const query = async (sql: string, parameters: readonly unknown[]) => {
    try {
      return await client.query(sql, [...parameters]);
    } catch (error) {
      throw fromPostgres(error);
    }
  };
  // The cast drops the overload for cursors, which are not used.
  return { query: query as never, release };
}

/** int8 as a number: times are milliseconds and counts are small, both far below 2^53. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text');
}
