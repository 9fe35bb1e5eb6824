import { type Kysely, sql } from 'kysely';
import { core } from './migrations/0001-core.ts';
import { delivery } from './migrations/0002-delivery.ts';
import { wording } from './migrations/0003-wording.ts';
import { audit } from './migrations/0004-audit.ts';
import { webhooks } from './migrations/0005-webhooks.ts';
import { recordings } from './migrations/0006-recordings.ts';
import { privacy } from './migrations/0007-privacy.ts';
import { people } from './migrations/0008-people.ts';
import { templates } from './migrations/0009-templates.ts';
import { campaigns } from './migrations/0010-campaigns.ts';
import type { Database } from './open.ts';
import { writeTransaction } from './transaction.ts';

export interface Migration {
  version: number;
  name: string;
  statements(dialect: Database['dialect']): string[];
}

/** In order, without gaps, only ever appended to. */
const migrations: readonly Migration[] = [
  core,
  delivery,
  wording,
  audit,
  webhooks,
  recordings,
  privacy,
  people,
  templates,
  campaigns,
];

/** The schema this build works with. */
export const SCHEMA_VERSION = migrations.length;

/** Any fixed number: the name of the lock that lets one process migrate at a time. */
const LOCK = 7_265_001;

interface MigrationTables {
  schema_migrations: { version: number; name: string; applied_at: number };
}

/**
 * Brings the schema to this build's version, all or nothing; of several processes one does it and the others wait.
 * Refuses a schema that a newer build has changed.
 */
export async function migrate(db: Database, now: number): Promise<{ from: number; to: number }> {
  return writeTransaction(db, { durable: true }, async (trx) => {
    if (db.dialect === 'postgres') {
      await sql`select set_config('lock_timeout', current_setting('statement_timeout'), true)`.execute(trx);
      await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(trx);
    }
    const tables = trx as unknown as Kysely<MigrationTables>;
    await tables.schema
      .createTable('schema_migrations')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('applied_at', 'bigint', (column) => column.notNull())
      .execute();
    const newest = await tables
      .selectFrom('schema_migrations')
      .select((eb) => eb.fn.max('version').as('version'))
      .executeTakeFirst();
    const from = newest?.version ?? 0;
    if (from > SCHEMA_VERSION) throw new NewerSchema(from);
    for (const { version, name, statements } of migrations.slice(from)) {
      await tables.insertInto('schema_migrations').values({ version, name, applied_at: now }).execute();
      for (const statement of statements(db.dialect)) await sql.raw(statement).execute(trx);
    }
    return { from, to: SCHEMA_VERSION };
  });
}

export class NewerSchema extends Error {
  override readonly name = 'NewerSchema';
  constructor(found: number) {
    super(
      `The database has schema version ${found}, this build knows versions up to ${SCHEMA_VERSION}: run a newer build.`,
    );
  }
}
