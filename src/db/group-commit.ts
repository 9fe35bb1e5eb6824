import { setImmediate as nextTurn } from 'node:timers/promises';
import { CompiledQuery, type Kysely } from 'kysely';
import { StoreUnavailable } from '../lib/errors.ts';
import { type Batch, type Brackets, type Connection, runBatch } from './batch.ts';
import { withFullSync } from './full-sync.ts';
import type { Database } from './open.ts';
import type { Schema } from './schema.ts';

/** The rest waits for the next commit, so that others get at the connection. */
const GROUP = 64;

const BEGIN = CompiledQuery.raw('begin immediate');
const COMMIT = CompiledQuery.raw('commit');
const ROLLBACK = CompiledQuery.raw('rollback');

/** A transaction within the group's. */
const SAVEPOINT: Brackets = {
  begin: CompiledQuery.raw('savepoint one'),
  commit: CompiledQuery.raw('release one'),
  rollback: [CompiledQuery.raw('rollback to one'), CompiledQuery.raw('release one')],
};

interface Job {
  durable: boolean;
  /** Never rejects: what came of it is kept until the group is committed. */
  run(connection: Connection): Promise<void>;
  answer(): void;
  reject(error: unknown): void;
}

/**
 * SQLite commits one transaction at a time, and each writes every page it touched and may wait for the disk. So the
 * transactions that come in one turn of the event loop are committed together; nobody is answered before that.
 * Each sees those before it, and is undone alone.
 */
export function createGroupCommit(kysely: Kysely<Schema>): Database['batch'] {
  const waiting: Job[] = [];
  let running = false;

  async function runAll(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      await nextTurn();
      const group = waiting.splice(0, GROUP);
      try {
        await kysely.connection().execute((lent) => commitTogether(lent, group));
        for (const job of group) job.answer();
      } catch (error) {
        for (const job of group) job.reject(error);
      }
    }
    running = false;
  }

  return ({ durable = false }, work) => {
    const { job, done } = toJob(durable, work);
    waiting.push(job);
    if (!running) void runAll();
    return done;
  };
}

function toJob<T>(durable: boolean, work: (batch: Batch) => Promise<T>): { job: Job; done: Promise<T> } {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let answer = () => {};
  const job: Job = {
    durable,
    run: (connection) =>
      runBatch(connection, SAVEPOINT, work).then(
        (result) => {
          answer = () => resolve(result);
        },
        (error) => {
          answer = () => reject(error);
        },
      ),
    answer: () => answer(),
    reject,
  };
  return { job, done: promise };
}

async function commitTogether(lent: Kysely<Schema>, group: readonly Job[]): Promise<void> {
  let undone = false;
  const connection: Connection = {
    async send(queries) {
      const answers: unknown[][] = [];
      for (const query of queries) answers.push((await lent.executeQuery(query)).rows);
      return answers;
    },
    // The savepoint is gone: SQLite has undone the whole transaction (disk full, I/O error).
    discard() {
      undone = true;
    },
  };
  const commit = async () => {
    await lent.executeQuery(BEGIN);
    try {
      for (const job of group) {
        await job.run(connection);
        if (undone) throw new StoreUnavailable('database');
      }
      await lent.executeQuery(COMMIT);
    } catch (error) {
      await lent.executeQuery(ROLLBACK).catch(() => {});
      throw error;
    }
  };
  await (group.some((job) => job.durable) ? withFullSync(lent, commit) : commit());
}
