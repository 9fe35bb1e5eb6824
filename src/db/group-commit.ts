import { setImmediate as nextTurn } from 'node:timers/promises';
import { CompiledQuery } from 'kysely';
import { StoreUnavailable } from '../lib/errors.ts';
import { type Batch, type Brackets, type Connection, runBatch } from './batch.ts';

/** The rest waits for the next commit, so that others get at the connection. */
const GROUP = 64;

const BEGIN = CompiledQuery.raw('begin immediate');
const COMMIT = CompiledQuery.raw('commit');
const ROLLBACK = CompiledQuery.raw('rollback');
export const FULL_SYNC = CompiledQuery.raw('pragma synchronous = full');
export const NORMAL_SYNC = CompiledQuery.raw('pragma synchronous = normal');

/** A transaction within the group's. */
const SAVEPOINT: Brackets = {
  begin: CompiledQuery.raw('savepoint one'),
  commit: CompiledQuery.raw('release one'),
  rollback: [CompiledQuery.raw('rollback to one'), CompiledQuery.raw('release one')],
};

interface Job {
  durable: boolean;
  /** Never rejects; afterwards `answer` tells the caller what came of it. */
  run(connection: Connection): Promise<void>;
  answer(): void;
  reject(error: unknown): void;
}

/**
 * SQLite commits one transaction at a time, and each writes every page it touched and may wait for the disk. So the
 * transactions that come in one turn of the event loop are committed together; nobody is answered before that.
 * Each sees those before it, and is undone alone.
 */
export function createGroupCommit(lend: <T>(work: (connection: Connection) => Promise<T>) => Promise<T>) {
  const waiting: Job[] = [];
  let running = false;

  async function runAll(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      await nextTurn();
      const group = waiting.splice(0, GROUP);
      try {
        await lend((connection) => commitTogether(connection, group));
        for (const job of group) job.answer();
      } catch (error) {
        for (const job of group) job.reject(error);
      }
    }
    running = false;
  }

  return <T>({ durable = false }: { durable?: boolean }, work: (batch: Batch) => Promise<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let answer: () => void;
    waiting.push({
      durable,
      async run(connection) {
        await runBatch(connection, SAVEPOINT, work).then(
          (result) => (answer = () => resolve(result)),
          (error) => (answer = () => reject(error)),
        );
      },
      answer: () => answer(),
      reject,
    });
    if (!running) void runAll();
    return promise;
  };
}

async function commitTogether(connection: Connection, group: readonly Job[]): Promise<void> {
  let broken = false;
  // A savepoint that is gone: SQLite has undone the whole transaction (disk full, I/O error).
  const watched = { send: connection.send, discard: () => (broken = true) };
  const durable = group.some((job) => job.durable);
  if (durable) await connection.send([FULL_SYNC]);
  try {
    await connection.send([BEGIN]);
    try {
      for (const job of group) {
        await job.run(watched);
        if (broken) throw new StoreUnavailable('database');
      }
      await connection.send([COMMIT]);
    } catch (error) {
      await connection.send([ROLLBACK]).catch(() => {});
      throw error;
    }
  } finally {
    if (durable) await connection.send([NORMAL_SYNC]);
  }
}
