import { adminEvent } from '../../../audit/admin-event.ts';
import { insertEvents } from '../../../audit/insert-events.ts';
import type { Database } from '../../../db/open.ts';
import { writeTransaction } from '../../../db/transaction.ts';
import type { JobQueue } from '../../../jobs/queue.ts';
import type { FieldError } from '../../../lib/errors.ts';
import { loadAttributes } from '../attributes.ts';
import type { By } from '../change-contacts.ts';
import { csvFault, csvRecords } from './csv-records.ts';
import { createTextReader, NotText } from './decode-text.ts';
import { CHUNK_BYTES, type ImportFormat, type ImportOptions, type ImportRow, MAX_BYTES } from './import.ts';
import { detectDelimiter, readHeader } from './read-header.ts';

export interface NewImport {
  id: string;
  options: ImportOptions;
  /** Column to field; null leaves a column out. */
  mapping: Readonly<Record<string, string | null>>;
  delimiter?: string;
  /** As the content type says. */
  charset?: string;
}

export type Kept = { kind: 'kept'; row: ImportRow } | { kind: 'too_large' } | { kind: 'refused'; errors: FieldError[] };

export interface UploadDeps {
  db: Database;
  queue: JobQueue;
}

/**
 * Keeps a file as it arrives, as UTF-8, a chunk in memory at a time. Once all of it is there, and its header makes
 * sense, it is enqueued; from then on any process works it in.
 */
export async function keepUpload(
  { db, queue }: UploadDeps,
  by: By,
  wanted: NewImport,
  body: AsyncIterable<Buffer>,
  now: () => number,
): Promise<Kept> {
  const { id, options } = wanted;
  const { owner, actor } = by;
  const uploading = newRow(by, id, options, now());
  await db.kysely.insertInto('contact_imports').values(uploading).execute();
  let kept: Kept = { kind: 'refused', errors: [] };
  try {
    const upload = await keepChunks(db, id, body, wanted.charset);
    if (upload.kind !== 'text') return upload;
    const header = await readFormat(db, by, wanted, upload.charset);
    if (header.kind === 'refused') return header;
    const row: ImportRow = {
      ...uploading,
      ...{ status: 'queued', format: JSON.stringify(header.format), bytes: upload.bytes, position: header.end },
    };
    await writeTransaction(db, {}, async (trx) => {
      const { status, format, bytes, position } = row;
      await trx.updateTable('contact_imports').set({ status, format, bytes, position }).where('id', '=', id).execute();
      const job = queue.enqueue([{ id, lane: 1, owner: owner.project, dueAt: now() }]);
      if (job) await trx.executeQuery(job);
      const data = { import_id: id, bytes, dry_run: options.dryRun };
      await insertEvents(trx, [adminEvent('contact_import.started', owner.project, actor, now(), data)]);
    });
    queue.wake();
    kept = { kind: 'kept', row };
    return kept;
  } finally {
    if (kept.kind !== 'kept') await dropUpload(db, id);
  }
}

function newRow({ owner, actor }: By, id: string, options: ImportOptions, now: number): ImportRow {
  return {
    ...{ id, project_id: owner.project, mode: owner.mode, actor: actor.id, status: 'uploading', reason: null },
    ...{ options: JSON.stringify(options), format: null, bytes: 0, position: 0 },
    ...{ rows: 0, created: 0, updated: 0, skipped: 0, failed: 0 },
    ...{ created_at: now, started_at: null, ended_at: null, updated_at: now },
  };
}

type Upload = { kind: 'text'; bytes: number; charset: string } | Exclude<Kept, { kind: 'kept' }>;

async function keepChunks(db: Database, id: string, body: AsyncIterable<Buffer>, charset?: string): Promise<Upload> {
  const reader = createTextReader(charset);
  let parts: Buffer[] = [];
  let waiting = 0;
  let position = 0;

  async function keep(): Promise<void> {
    if (waiting === 0) return;
    const chunk = Buffer.concat(parts);
    await db.kysely.insertInto('contact_import_chunks').values({ import_id: id, position, body: chunk }).execute();
    position += chunk.length;
    parts = [];
    waiting = 0;
  }

  function add(text: string): void {
    const bytes = Buffer.from(text);
    parts.push(bytes);
    waiting += bytes.length;
  }

  try {
    for await (const bytes of body) {
      add(reader.read(bytes));
      if (position + waiting > MAX_BYTES) return { kind: 'too_large' };
      if (waiting >= CHUNK_BYTES) await keep();
    }
    add(reader.end());
    await keep();
  } catch (error) {
    if (error instanceof NotText) return refused('body', `is not text: ${error.message}`);
    throw error;
  }
  return { kind: 'text', bytes: position, charset: reader.charset() };
}

type Header = { kind: 'header'; format: ImportFormat; end: number } | { kind: 'refused'; errors: FieldError[] };

async function readFormat({ kysely }: Database, { owner }: By, wanted: NewImport, charset: string): Promise<Header> {
  const delimiter = wanted.delimiter ?? detectDelimiter(await firstLine(kysely, wanted.id));
  try {
    for await (const { cells, end } of csvRecords(kysely, wanted.id, 0, delimiter)) {
      const { columns, errors } = readHeader(cells, wanted.mapping, await loadAttributes(kysely, owner));
      if (errors.length > 0) return { kind: 'refused', errors };
      return { kind: 'header', format: { charset, delimiter, columns }, end };
    }
  } catch (error) {
    const fault = csvFault(error);
    if (fault === null) throw error;
    return refused('body', `has no header that can be read: ${fault}`);
  }
  return refused('body', 'is empty');
}

const refused = (pointer: string, message: string) =>
  ({ kind: 'refused', errors: [{ pointer, message }] }) satisfies Kept;

async function firstLine(kysely: Database['kysely'], id: string): Promise<string> {
  const chunk = await kysely
    .selectFrom('contact_import_chunks')
    .select('body')
    .where('import_id', '=', id)
    .where('position', '=', 0)
    .executeTakeFirst();
  const [line = ''] = Buffer.from(chunk?.body ?? [])
    .toString('utf8', 0, 65_536)
    .split(/[\r\n]/, 1);
  return line;
}

async function dropUpload(db: Database, id: string): Promise<void> {
  await db.kysely.deleteFrom('contact_import_chunks').where('import_id', '=', id).execute();
  await db.kysely.deleteFrom('contact_imports').where('id', '=', id).execute();
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Errors hold what was in the file. */
const KEPT_DAYS = 30;

/** Uploads whose process died, and what became of imports a month ago. */
export async function purgeImports(db: Database, now: number): Promise<void> {
  const old = db.kysely
    .selectFrom('contact_imports')
    .select('id')
    .where((eb) =>
      eb.or([
        eb.and([eb('status', '=', 'uploading'), eb('updated_at', '<', now - HOUR_MS)]),
        eb.and([
          eb('status', 'in', ['completed', 'failed', 'canceled']),
          eb('updated_at', '<', now - KEPT_DAYS * DAY_MS),
        ]),
      ]),
    )
    .limit(20);
  for (const { id } of await old.execute()) {
    await writeTransaction(db, {}, async (trx) => {
      await trx.deleteFrom('contact_import_errors').where('import_id', '=', id).execute();
      await trx.deleteFrom('contact_import_chunks').where('import_id', '=', id).execute();
      await trx.deleteFrom('contact_imports').where('id', '=', id).execute();
    });
  }
}
