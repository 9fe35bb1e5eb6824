import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';
import { type Checkpointer, createCheckpointer } from './checkpointer.ts';
import { eachRowOf } from './each-row.ts';
import { fromSqlite } from './errors.ts';

const STATEMENTS = 200;
/** How long another process may hold the write lock. The wait blocks this process's thread. */
const BUSY_MS = 2000;

/** With WAL, NORMAL survives the end of the process, not of the power; durable transactions raise it to FULL. */
const PRAGMAS = `
  pragma journal_mode = wal;
  pragma synchronous = normal;
  pragma wal_autocheckpoint = 16000; -- pages of 4 KiB: only when the checkpointer cannot keep up
  pragma journal_size_limit = 0; -- a log that begins anew is as small as it looks
  pragma cache_size = -16000;
  pragma secure_delete = fast; -- erased secrets are overwritten
`;

/** Opens or creates the file and answers with Kysely's dialect for it. */
export function openSqlite(file: string): Dialect {
  const path = file === ':memory:' ? file : resolve(file);
  if (path !== ':memory:') createPrivately(path);
  const database = guard(() => {
    const opened = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
    opened.exec(PRAGMAS);
    return opened;
  });
  const config = { database: adapt(database) };
  const dialect = new SqliteDialect(config);
  return {
    createDriver: () => (path === ':memory:' ? new ImmediateDriver(config) : new FileDriver(config, path, database)),
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  };
}

/** Numbers, code hashes and events are in it: nobody else may read it. SQLite gives -wal and -shm the same mode. */
function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}

/** What Kysely asks of better-sqlite3, on node:sqlite. Keeps the statements prepared last. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>();
  return {
    prepare(sql) {
      const known = prepared.get(sql);
      if (known) return known;
      const made = prepare(database, sql);
      if (prepared.size >= STATEMENTS) prepared.delete(prepared.keys().next().value as string);
      prepared.set(sql, made);
      return made;
    },
    close: () => database.close(),
  };
}

function prepare(database: DatabaseSync, sql: string): SqliteStatement {
  const statement = guard(() => database.prepare(sql));
  return {
    reader: statement.columns().length > 0,
    all(parameters) {
      const answers = guard(() => forEach(database, parameters, (row) => statement.all(...row)));
      return answers.length === 1 ? (answers[0] ?? []) : answers.flat();
    },
    run(parameters) {
      const changes = guard(() => forEach(database, parameters, (row) => Number(statement.run(...row).changes)));
      return { changes: changes.reduce((sum, more) => sum + more, 0), lastInsertRowid: 0 };
    },
    iterate: (parameters) => guard(() => statement.iterate(...(parameters as SQLInputValue[]))),
  };
}

function forEach<T>(
  database: DatabaseSync,
  parameters: readonly unknown[],
  run: (row: readonly SQLInputValue[]) => T,
): T[] {
  const each = eachRowOf(parameters);
  if (!each) return [run(parameters as SQLInputValue[])];
  // Else a failure in the midst of them would leave those before it written.
  if (!database.isTransaction) throw new Error('rows are written within a transaction');
  return each.rows.map(run);
}

function guard<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromSqlite(error);
  }
}

/** Transactions take the write lock when they begin: one that read first could no longer write after another wrote. */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

class FileDriver extends ImmediateDriver {
  readonly #path: string;
  readonly #checkpointer: Checkpointer;
  #endTurn = () => {};

  constructor(config: { database: SqliteDatabase }, path: string, database: DatabaseSync) {
    super(config);
    this.#path = path;
    this.#checkpointer = createCheckpointer(path, () => database.exec('pragma wal_checkpoint(passive)'));
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    this.#endTurn = await takeTurn(this.#path);
    this.#checkpointer.betweenTransactions();
    return super.acquireConnection();
  }

  override async releaseConnection(): Promise<void> {
    this.#endTurn();
  }

  override async destroy(): Promise<void> {
    await this.#checkpointer.close();
    await super.destroy();
  }
}

/** Of each file: when the last of the turns that are given so far ends. */
const turns = new Map<string, Promise<void>>();

/**
 * Handles of this process on one file take turns here: in SQLite's own queue they would block the thread they share,
 * and with it the one they wait for.
 */
async function takeTurn(path: string): Promise<() => void> {
  const before = turns.get(path);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  turns.set(path, ended);
  await before;
  return end;
}
