import { type RawBuilder, sql } from 'kysely';
import { EVENT_COLUMNS } from '../../audit/events-table.ts';
import type { Database } from '../../db/open.ts';
import { columnsOf, rowSetStatement } from '../../db/row-set.ts';
import { CONSENT_COLUMNS, ENTRY_COLUMNS } from './consent.ts';
import { SUPPRESSION_COLUMNS } from './suppression.ts';

type Types = Readonly<Record<string, 'text' | 'bigint'>>;

/** Statements over many rows: one text whatever their number. What is written twice is there once. */
export function createConsentStatements(db: Database) {
  return {
    insertEntries: rowSetStatement<keyof typeof ENTRY_COLUMNS, { id: string }>(
      db,
      ENTRY_COLUMNS,
      (rows) =>
        sql<{ id: string }>`${insertInto('consent_entries', ENTRY_COLUMNS, rows)}
          on conflict (id) do nothing returning id`,
    ),

    /** The newest word holds, whenever it is recorded; one per address, channel and purpose. */
    saveConsents: rowSetStatement<keyof typeof CONSENT_COLUMNS>(
      db,
      CONSENT_COLUMNS,
      (rows) => sql`${insertInto('consents', CONSENT_COLUMNS, rows)}
        on conflict (address_hash, project_id, mode, channel, purpose) do update set
          address = excluded.address, address_masked = excluded.address_masked, state = excluded.state,
          resumes = excluded.resumes, entry_id = excluded.entry_id, at = excluded.at,
          expires_at = excluded.expires_at, updated_at = excluded.updated_at
        where excluded.at >= consents.at`,
    ),

    /** Answers with the ids of those that are new. */
    insertSuppressions: rowSetStatement<keyof typeof SUPPRESSION_COLUMNS, { id: string }>(
      db,
      SUPPRESSION_COLUMNS,
      (rows) =>
        sql<{ id: string }>`${insertInto('suppressions', SUPPRESSION_COLUMNS, rows)}
          on conflict do nothing returning id`,
    ),

    insertEvents: rowSetStatement<keyof typeof EVENT_COLUMNS>(
      db,
      EVENT_COLUMNS,
      (rows) => sql`${insertInto('events', EVENT_COLUMNS, rows)} on conflict (id) do nothing`,
    ),
  };
}

export type ConsentStatements = ReturnType<typeof createConsentStatements>;

function insertInto(table: string, columns: Types, rows: RawBuilder<unknown>): RawBuilder<unknown> {
  const names = columnsOf(columns);
  return sql`insert into ${sql.table(table)} (${names}) select ${names} from ${rows} where true`;
}
