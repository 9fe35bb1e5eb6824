import { setTimeout as sleep } from 'node:timers/promises';
import { CompiledQuery, type Transaction } from 'kysely';
import { StoreUnavailable } from '../lib/errors.ts';
import { isRetryable } from './errors.ts';
import type { Connection, Database } from './open.ts';
import type { Schema } from './schema.ts';

export interface TransactionOptions {
  /** Survives the loss of power. Postgres always does; SQLite then waits for the disk. */
  durable?: boolean;
}

const RETRIES = 3;
const RETRY_MS = 20;

/**
 * Runs `work` in one transaction, again from the start when Postgres asks for it (deadlock, serialization failure).
 * `work` must have no effects outside the transaction.
 */
export function writeTransaction<T>(
  db: Database,
  options: TransactionOptions,
  work: (trx: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  return retrying(() => {
    if (db.dialect === 'postgres' || !options.durable) return db.kysely.transaction().execute(work);
    return db.kysely.connection().execute(async (lent) => {
      await lent.executeQuery(FULL_SYNC);
      try {
        return await lent.transaction().execute(work);
      } finally {
        await lent.executeQuery(NORMAL_SYNC);
      }
    });
  });
}

/** Null: nothing to do, answered with no rows. */
type Query = CompiledQuery | null;
/** The rows of each statement, in order. */
type Answers<Q extends readonly Query[]> = { [I in keyof Q]: Q[I] extends CompiledQuery<infer R> | null ? R[] : never };

/** A transaction of few round trips: statements given together travel together, the first with BEGIN, the last with COMMIT. */
export interface Batch {
  run<const Q extends readonly Query[]>(...queries: Q): Promise<Answers<Q>>;
  /** Undoes everything so far (with the next statements); what is run afterwards counts. */
  rollback(): void;
  /** Runs the last statements and commits. */
  commit(...queries: readonly Query[]): Promise<void>;
}

const BEGIN = CompiledQuery.raw('begin');
const BEGIN_IMMEDIATE = CompiledQuery.raw('begin immediate');
const COMMIT = CompiledQuery.raw('commit');
const ROLLBACK = CompiledQuery.raw('rollback');
const FULL_SYNC = CompiledQuery.raw('pragma synchronous = full');
const NORMAL_SYNC = CompiledQuery.raw('pragma synchronous = normal');

/** As writeTransaction, for the paths where every round trip counts. Without `commit` nothing is kept. */
export function batchTransaction<T>(
  db: Database,
  options: TransactionOptions,
  work: (batch: Batch) => Promise<T>,
): Promise<T> {
  return retrying(() =>
    db.withConnection(async (connection) => {
      const begin = db.dialect === 'sqlite' ? BEGIN_IMMEDIATE : BEGIN;
      const raised = db.dialect === 'sqlite' && options.durable;
      if (raised) await connection.send([FULL_SYNC]);
      try {
        return await runBatch(connection, begin, work);
      } finally {
        if (raised) await connection.send([NORMAL_SYNC]);
      }
    }),
  );
}

async function runBatch<T>(connection: Connection, begin: CompiledQuery, work: (batch: Batch) => Promise<T>) {
  let begun = false;
  /** Sent ahead of the next statements. */
  let ahead = [begin];
  async function send(queries: readonly Query[]): Promise<unknown[][]> {
    const before = ahead;
    ahead = [];
    begun = true;
    const answers = await connection.send([...before, ...queries.filter((query) => query !== null)]);
    let next = before.length;
    return queries.map((query) => (query === null ? [] : (answers[next++] ?? [])));
  }
  const batch: Batch = {
    run: async <const Q extends readonly Query[]>(...queries: Q) => (await send(queries)) as Answers<Q>,
    rollback() {
      ahead = begun ? [ROLLBACK, begin] : [begin];
    },
    async commit(...queries) {
      await send([...queries, COMMIT]);
      begun = false;
      ahead = [begin];
    },
  };
  try {
    return await work(batch);
  } finally {
    if (begun) await connection.send([ROLLBACK]).catch(() => connection.discard());
  }
}

async function retrying<T>(attempt: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      if (retries === RETRIES) throw new StoreUnavailable('database', error);
      await sleep(Math.random() * RETRY_MS * 2 ** retries);
    }
  }
}
