import type { CompiledQuery } from 'kysely';

/** A transaction of few round trips: statements given together travel together, the first with BEGIN, the last with COMMIT. */
export interface Batch {
  run<const Q extends readonly Query[]>(...queries: Q): Promise<Answers<Q>>;
  /** Undoes everything so far (with the next statements); what is run afterwards counts. */
  rollback(): void;
  /** Runs the last statements and commits. */
  commit(...queries: readonly Query[]): Promise<void>;
}

/** Null: nothing to do, answered with no rows. */
type Query = CompiledQuery | null;
/** The rows of each statement, in order. */
type Answers<Q extends readonly Query[]> = { [I in keyof Q]: Q[I] extends CompiledQuery<infer R> | null ? R[] : never };

/** What a batch runs on: lent for one transaction. */
export interface Connection {
  /** The rows of each statement. Throws the first failure, after which no other statement has had an effect. */
  send(queries: readonly CompiledQuery[]): Promise<unknown[][]>;
  /** Nobody knows what state it is in: it must not be lent again. */
  discard(): void;
}

export interface Brackets {
  begin: CompiledQuery;
  commit: CompiledQuery;
  rollback: readonly CompiledQuery[];
}

/** Without `commit` nothing that `work` did is kept. */
export async function runBatch<T>(
  connection: Connection,
  { begin, commit, rollback }: Brackets,
  work: (batch: Batch) => Promise<T>,
): Promise<T> {
  let begun = false;
  /** Sent before the next statements. */
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
      ahead = begun ? [...rollback, begin] : [begin];
    },
    async commit(...queries) {
      await send([...queries, commit]);
      begun = false;
      ahead = [begin];
    },
  };
  try {
    return await work(batch);
  } finally {
    if (begun) await connection.send(rollback).catch(() => connection.discard());
  }
}
