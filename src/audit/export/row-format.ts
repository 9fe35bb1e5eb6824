import type { AuditEvent } from '../event.ts';
import type { FeedLeaf } from '../feed.ts';
import { cefRow } from './cef.ts';
import { CSV_HEADER, csvRow } from './csv.ts';
import { ndjsonRow } from './ndjson.ts';
import { ocsfRow } from './ocsf.ts';

/** An event with its place in the log. */
export interface ExportRow {
  logIndex: number;
  event: AuditEvent;
  leaf: FeedLeaf;
}

/** How events are written for other programs: one line each, but for what CSV quotes. */
export interface RowFormat {
  contentType: string;
  extension: string;
  /** With its line end. */
  header: string;
  /** Without a line end. */
  row(row: ExportRow): string;
  lineEnd: string;
}

export const EXPORT_FORMATS = ['ndjson', 'csv', 'ocsf', 'cef'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const rowFormats: Record<ExportFormat, RowFormat> = {
  ndjson: { contentType: 'application/x-ndjson', extension: 'ndjson', header: '', row: ndjsonRow, lineEnd: '\n' },
  ocsf: { contentType: 'application/x-ndjson', extension: 'ocsf.ndjson', header: '', row: ocsfRow, lineEnd: '\n' },
  cef: { contentType: 'text/plain; charset=utf-8', extension: 'cef', header: '', row: cefRow, lineEnd: '\n' },
  // RFC 4180 §2, §3
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    extension: 'csv',
    header: CSV_HEADER,
    row: csvRow,
    lineEnd: '\r\n',
  },
};
