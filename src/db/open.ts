import { Kysely, sql } from 'kysely';
import type { Batch } from './batch.ts';
import { createGroupCommit } from './group-commit.ts';
import type { PostgresOptions } from './postgres.ts';
import type { Schema } from './schema.ts';
import type { TransactionOptions } from './transaction.ts';

export interface Database {
  readonly dialect: 'sqlite' | 'postgres';
  readonly kysely: Kysely<Schema>;
  /** One transaction, not retried: call batchTransaction. */
  batch<T>(options: TransactionOptions, work: (batch: Batch) => Promise<T>): Promise<T>;
  /** Throws StoreUnavailable. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type DatabaseOptions = Partial<PostgresOptions>;

const DEFAULTS: PostgresOptions = {
  poolSize: 10,
  maxWaiting: 500,
  connectTimeoutMs: 3000,
  statementTimeoutMs: 5000,
  lockTimeoutMs: 2000,
  onError: () => {},
};

/** `sqlite:./file`, `sqlite::memory:`, `postgres://…`. The options concern Postgres only. */
export async function openDatabase(url: string, options: DatabaseOptions = {}): Promise<Database> {
  const db = await connect(url, { ...DEFAULTS, ...options });
  try {
    await db.ping();
    if (db.dialect === 'postgres') await assertDurable(db.kysely);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** Each driver is loaded only where it is used: the embedded profile starts without pg. */
async function connect(url: string, options: PostgresOptions): Promise<Database> {
  if (/^postgres(ql)?:\/\//.test(url)) {
    const { openPostgres } = await import('./postgres.ts');
    const { dialect, batch } = openPostgres(url, options);
    const kysely = new Kysely<Schema>({ dialect });
    return { dialect: 'postgres', batch, ...common(kysely) };
  }
  if (/^sqlite:(?!\/\/)/.test(url)) {
    const { openSqlite } = await import('./sqlite.ts');
    const kysely = new Kysely<Schema>({ dialect: openSqlite(url.slice('sqlite:'.length)) });
    return { dialect: 'sqlite', batch: createGroupCommit(kysely), ...common(kysely) };
  }
  throw new Error('the database url must be sqlite:./file, sqlite::memory: or postgres://…');
}

function common(kysely: Kysely<Schema>) {
  return {
    kysely,
    async ping() {
      await sql`select 1`.execute(kysely);
    },
    close: () => kysely.destroy(),
  };
}

/** With `synchronous_commit = off` a crash of the server could forget an acceptance that was already answered. */
async function assertDurable(kysely: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(kysely);
  if (rows[0]?.synchronous_commit === 'off') throw new Error('Postgres must not run with synchronous_commit = off');
}
