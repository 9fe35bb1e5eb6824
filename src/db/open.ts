import { Kysely, sql } from 'kysely';
import { codeTraffic } from '../lib/code-traffic.ts';
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
  /** The same database for bulk work, by connections of its own that give way to codes. Closed with this one. */
  readonly bulk: Database;
  /** Throws StoreUnavailable. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type DatabaseOptions = Partial<PostgresOptions>;

/** Of the connections. So few that what is at work for bulk leaves codes a core. */
const SHARE_FOR_BULK = 0.3;

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
    const forBulk = Math.max(1, Math.floor(options.poolSize * SHARE_FOR_BULK));
    const forOthers = Math.max(1, options.poolSize - forBulk);
    const open = (poolSize: number, enter?: () => Promise<() => void>): Lone => {
      const { dialect, batch } = openPostgres(url, { ...options, poolSize }, enter);
      return { dialect: 'postgres', batch, ...common(new Kysely<Schema>({ dialect })) };
    };
    return withBulk(open(forOthers), open(forBulk, codeTraffic.enter));
  }
  if (/^sqlite:(?!\/\/)/.test(url)) {
    const { openSqlite } = await import('./sqlite.ts');
    const kysely = new Kysely<Schema>({ dialect: openSqlite(url.slice('sqlite:'.length)) });
    const batch = createGroupCommit(kysely);
    const db: Lone = { dialect: 'sqlite', batch, ...common(kysely) };
    return withBulk(db, { ...db, batch: givingWay(batch), close: async () => {} });
  }
  throw new Error('the database url must be sqlite:./file, sqlite::memory: or postgres://…');
}

type Lone = Omit<Database, 'bulk'>;

function withBulk(db: Lone, forBulk: Lone): Database {
  const bulk: Database = {
    ...forBulk,
    get bulk() {
      return bulk;
    },
  };
  return {
    ...db,
    bulk,
    async close() {
      await Promise.all([db.close(), bulk.close()]);
    },
  };
}

/** There is one connection: what is not a transaction is short. */
function givingWay(batch: Database['batch']): Database['batch'] {
  return async (options, work) => {
    const leave = await codeTraffic.enter();
    try {
      return await batch(options, work);
    } finally {
      leave();
    }
  };
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
