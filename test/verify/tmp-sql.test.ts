import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { fromEventRow } from '../../src/audit/events-table.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open.ts';
import { createSqlStore } from '../../src/verify/sql-store.ts';
import { challengeStoreContract } from '../contract/challenge-store.ts';

async function make(url: string) {
  const db = await openDatabase(url);
  if (db.dialect === 'postgres')
    for (const t of [
      'schema_migrations',
      'settings',
      'api_keys',
      'projects',
      'signing_keys',
      'verifications',
      'limits',
      'budgets',
      'known_devices',
      'acceptances',
      'token_redemptions',
      'idempotency',
      'events',
    ])
      await sql.raw(`drop table if exists ${t} cascade`).execute(db.kysely);
  await migrate(db, 1);
  return {
    store: createSqlStore(db),
    events: async () =>
      (await db.kysely.selectFrom('events').selectAll().orderBy('position').execute()).map(fromEventRow),
    dump: async () =>
      JSON.stringify(
        await Promise.all(
          (['verifications', 'events', 'limits', 'budgets'] as const).map((t) =>
            db.kysely.selectFrom(t).selectAll().execute(),
          ),
        ),
      ),
    close: () => db.close(),
  };
}
const which = process.env.WHICH;
if (which === 'memory') challengeStoreContract('memory', () => make('sqlite::memory:'));
if (which === 'file')
  challengeStoreContract('file', () => make(`sqlite:${join(mkdtempSync(join(tmpdir(), 'cs-')), 'a.db')}`));
if (which === 'pg') challengeStoreContract('postgres', () => make('postgres://postgres@127.0.0.1:54771/postgres'));
