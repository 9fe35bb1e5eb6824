import { Kysely, sql } from 'kysely';
import { type Batch, runBatch, TRANSACTION } from './batch.ts';
import { createGroupCommit } from './group-commit.ts';
import type { PostgresOptions } from './postgres.ts';
import type { Schema } from './schema.ts';
import type { TransactionOptions } from './transaction.ts';

export interface Database {
  readonly kysely: Kysely<Schema>;
  readonly dialect: 'sqlite' | 'postgres';
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
  if (/^postgres(ql)?:\/\//.test(url)) return connectPostgres(url, { ...DEFAULTS, ...options });
  if (url.startsWith('sqlite:') && !url.startsWith('sqlite://')) return connectSqlite(url.slice('sqlite:'.length));
  throw new Error('the database url must be sqlite:./file, sqlite::memory: or postgres://…');
}

// Each driver is loaded only where it is used: the embedded profile starts without pg.

async function connectSqlite(file: string): Promise<Database> {
  const { openSqlite } = await import('./sqlite.ts');
  const kysely = new Kysely<Schema>({ dialect: openSqlite(file) });
  const batch = createGroupCommit((work) =>
    kysely.connection().execute((lent) =>
      work({
        async send(queries) {
          const answers: unknown[][] = [];
          for (const query of queries) answers.push((await lent.executeQuery(query)).rows);
          return answers;
        },
        discard() {},
      }),
    ),
  );
  return opened(kysely, 'sqlite', batch);
}

async function connectPostgres(url: string, options: PostgresOptions): Promise<Database> {
  const { openPostgres } = await import('./postgres.ts');
  const { dialect, connect } = openPostgres(url, options);
  const kysely = new Kysely<Schema>({ dialect });
  const database = await opened(kysely, 'postgres', async (_, work) => {
    const { send, release } = await connect();
    let broken = false;
    try {
      return await runBatch({ send, discard: () => (broken = true) }, TRANSACTION, work);
    } finally {
      release(broken);
    }
  });
  try {
    await assertDurable(kysely);
  } catch (error) {
    await kysely.destroy();
    throw error;
  }
  return database;
}

async function opened(
  kysely: Kysely<Schema>,
  dialect: Database['dialect'],
  batch: Database['batch'],
): Promise<Database> {
  const ping = async () => {
    await sql`select 1`.execute(kysely);
  };
  try {
    await ping();
  } catch (error) {
    await kysely.destroy();
    throw error;
  }
  return { kysely, dialect, batch, ping, close: () => kysely.destroy() };
}

/** With `synchronous_commit = off` a crash of the server could forget an acceptance that was already answered. */
async function assertDurable(kysely: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(kysely);
  if (rows[0]?.synchronous_commit === 'off') throw new Error('Postgres must not run with synchronous_commit = off');
}
