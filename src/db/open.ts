import { type CompiledQuery, Kysely, sql } from 'kysely';
import type { PostgresOptions } from './postgres.ts';
import type { Schema } from './schema.ts';

export interface Database {
  readonly kysely: Kysely<Schema>;
  readonly dialect: 'sqlite' | 'postgres';
  /**
   * Lends one connection. For transaction.ts; everything else goes through it or through `kysely`.
   * Statements sent together travel together, and none is sent after one that failed.
   */
  withConnection<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Throws StoreUnavailable. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface Connection {
  send(queries: readonly CompiledQuery[]): Promise<unknown[][]>;
  /** Ends the connection instead of lending it again: nobody knows what state it is in. */
  discard(): void;
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
  return opened(kysely, 'sqlite', (work) =>
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
}

async function connectPostgres(url: string, options: PostgresOptions): Promise<Database> {
  const { openPostgres } = await import('./postgres.ts');
  const { dialect, connect } = openPostgres(url, options);
  const kysely = new Kysely<Schema>({ dialect });
  const database = await opened(kysely, 'postgres', async (work) => {
    const { send, release } = await connect();
    let broken = false;
    try {
      return await work({ send, discard: () => (broken = true) });
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
  withConnection: Database['withConnection'],
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
  return { kysely, dialect, withConnection, ping, close: () => kysely.destroy() };
}

/** With `synchronous_commit = off` a crash of the server could forget an acceptance that was already answered. */
async function assertDurable(kysely: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(kysely);
  if (rows[0]?.synchronous_commit === 'off') throw new Error('Postgres must not run with synchronous_commit = off');
}
