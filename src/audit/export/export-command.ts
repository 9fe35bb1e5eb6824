import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Database } from '../../db/open.ts';
import { SYSTEM } from '../admin-event.ts';
import type { Mode } from '../event.ts';
import { exportEvents } from './export-events.ts';
import type { ExportRange } from './export-range.ts';
import { recordExport } from './record-export.ts';
import { EXPORT_FORMATS } from './row-format.ts';

export interface ExportCommandOptions {
  format?: string | undefined;
  /** Of one project; otherwise of the whole installation. */
  project?: string | undefined;
  mode?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  cursor?: string | undefined;
}

export interface ExportTarget {
  out: Writable;
  /** Whose event it is that tells of the export. */
  project: string;
  now: number;
}

/** `countersign audit export`. As NDJSON always with what proves it. Answers with what is wrong with the options. */
export async function writeExport(
  db: Database,
  options: ExportCommandOptions,
  { out, project, now }: ExportTarget,
): Promise<string | null> {
  const format = EXPORT_FORMATS.find((known) => known === (options.format ?? 'ndjson'));
  if (!format) return `--format must be one of ${EXPORT_FORMATS.join(', ')}`;
  const range = readRange(options);
  if (typeof range === 'string') return range;
  const exported = { format, range, proof: format === 'ndjson' };
  await recordExport(db, exported, range.of?.project ?? project, SYSTEM, now);
  await pipeline(Readable.from(exportEvents(db.kysely, exported), { highWaterMark: 1 }), out, { end: false });
  return null;
}

const MODES = ['live', 'test'] as const satisfies readonly Mode[];

function readRange({ project, mode = 'live', since, until, cursor }: ExportCommandOptions): ExportRange | string {
  const known = MODES.find((each) => each === mode);
  if (!known) return `--mode must be ${MODES.join(' or ')}`;
  const of = project === undefined ? null : { project, mode: known };
  const range = { of, since: toTime(since), until: toTime(until), after: cursor === undefined ? null : Number(cursor) };
  if (Number.isNaN(range.since)) return '--since must be a time, as 2030-01-31T00:00:00Z';
  if (Number.isNaN(range.until)) return '--until must be a time, as 2030-01-31T00:00:00Z';
  if (range.after !== null && !/^\d{1,15}$/.test(cursor ?? '')) return '--cursor must be a log index';
  return range;
}

function toTime(text: string | undefined): number | null {
  return text === undefined ? null : Date.parse(text);
}
