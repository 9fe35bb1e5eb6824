import type { CsvError } from 'csv-parse';
import type { Kysely } from 'kysely';
import type { Schema } from '../../../db/schema.ts';
import { MAX_ROW_BYTES } from './import.ts';

export interface CsvRecord {
  cells: string[];
  /** Where the next one begins, in bytes of the whole. */
  end: number;
}

/** Parsed in one go: others have the thread in between. */
const PIECE_BYTES = 16 * 1024;

/**
 * The records of an upload from a place where one begins. Read while they are taken: memory holds a chunk or two. Throws
 * where it cannot be read on, after the records before.
 */
export async function* csvRecords(
  kysely: Kysely<Schema>,
  importId: string,
  from: number,
  delimiter: string,
): AsyncGenerator<CsvRecord> {
  const { parse } = await import('csv-parse');
  let parsed: CsvRecord[] = [];
  const parser = parse({
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    // Spreadsheets write 5" as it is.
    relax_quotes: true,
    max_record_size: MAX_ROW_BYTES,
    // Its stream would drop, at a fault, what it has not handed out.
    on_record: (cells: string[], { bytes }) => {
      parsed.push({ cells, end: from + bytes });
      return null;
    },
  });
  parser.on('error', () => {});
  parser.resume();
  const taken = () => {
    const records = parsed;
    parsed = [];
    return records;
  };
  try {
    for await (const piece of piecesFrom(kysely, importId, from)) {
      const fault = await settled((done) => parser.write(piece, done));
      yield* taken();
      if (fault) throw fault;
    }
    const fault = await settled((done) => parser.end(done));
    yield* taken();
    if (fault) throw fault;
  } finally {
    parser.destroy();
  }
}

function settled(call: (done: (error?: Error | null) => void) => void): Promise<Error | null> {
  return new Promise((resolve) => {
    call((error) => resolve(error ?? null));
  });
}

/** What is wrong with the file where it cannot be read on; null: it is no fault of the file. */
export function csvFault(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? (error as CsvError).code : null;
  if (code === 'CSV_MAX_RECORD_SIZE') return 'row_too_long';
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'quote_not_closed';
  return typeof code === 'string' && code.startsWith('CSV_') ? 'not_csv' : null;
}

async function* piecesFrom(kysely: Kysely<Schema>, importId: string, from: number): AsyncGenerator<Buffer> {
  const first = await kysely
    .selectFrom('contact_import_chunks')
    .select((eb) => eb.fn.max('position').as('position'))
    .where('import_id', '=', importId)
    .where('position', '<=', from)
    .executeTakeFirst();
  let position = first?.position ?? 0;
  for (;;) {
    const chunk = await kysely
      .selectFrom('contact_import_chunks')
      .select('body')
      .where('import_id', '=', importId)
      .where('position', '=', position)
      .executeTakeFirst();
    if (!chunk) return;
    const body = Buffer.from(chunk.body.buffer, chunk.body.byteOffset, chunk.body.byteLength);
    for (let at = Math.max(0, from - position); at < body.length; at += PIECE_BYTES) {
      yield body.subarray(at, at + PIECE_BYTES);
    }
    position += body.length;
  }
}
