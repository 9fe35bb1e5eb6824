import type { Selectable } from 'kysely';
import type { ContactImportTable } from '../../../db/schema/people.ts';
import type { OnConflict } from '../merge-drafts.ts';

/** What was asked for with the file. */
export interface ImportOptions {
  onConflict: Exclude<OnConflict, 'refuse'>;
  dryRun: boolean;
  /** Its contacts come into it. */
  list: string | null;
  /** Added to those in the file. */
  tags: readonly string[];
  /** ISO 3166-1 alpha-2: whose numbers those without + are. */
  country: string | null;
}

/** How the file is read; known when all of it is there. */
export interface ImportFormat {
  charset: string;
  delimiter: string;
  columns: readonly ImportColumn[];
}

export interface ImportColumn {
  header: string;
  /** Null: left out. */
  field: string | null;
}

export type ImportRow = Selectable<ContactImportTable>;

export const ENDED: readonly ImportRow['status'][] = ['completed', 'failed', 'canceled'];

/** A million rows and some. */
export const MAX_BYTES = 256 * 1024 * 1024;
export const CHUNK_BYTES = 1024 * 1024;
export const MAX_COLUMNS = 200;
/** Of one row. */
export const MAX_ROW_BYTES = 64 * 1024;
/** Rows whose errors are kept; the others are counted. */
export const MAX_KEPT_ERRORS = 100_000;
