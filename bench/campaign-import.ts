import { createSecretKey, randomBytes } from 'node:crypto';
import { SYSTEM } from '../src/audit/admin-event.ts';
import type { Database } from '../src/db/open.ts';
import { newId } from '../src/lib/ids.ts';
import { openImports } from '../src/messaging/contacts/imports/import-worker.ts';
import { keepUpload } from '../src/messaging/contacts/imports/keep-upload.ts';

export interface ImportFigures {
  rows: number;
  uploadSeconds: number;
  rowsPerSecond: number;
  /** CPU of this process for a row, the upload included. */
  cpuUs: number;
  /** Most of what the process held while it went on, without what it held before. */
  rssGrowthBytes: number;
}

/**
 * A file of people with a number, an e-mail address and two more columns, from the first byte to the last row: written
 * as it is taken, so that its size does not count as memory. The database must be a new one.
 */
export async function measureImport(db: Database, rows: number): Promise<ImportFigures> {
  const hashKey = createSecretKey(randomBytes(32));
  const onError = (error: unknown) => {
    throw error;
  };
  const { queue, worker } = openImports({ db, hashKey, now: Date.now, onError });
  const by = { owner: { project: 'prj_bench', mode: 'live' }, actor: SYSTEM } as const;
  const options = { onConflict: 'update', dryRun: false, list: null, tags: ['bench'], country: null } as const;
  const rssBefore = process.memoryUsage.rss();
  let peak = rssBefore;
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 50);

  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const kept = await keepUpload({ db, queue }, by, { id: newId('imp'), options, mapping: {} }, people(rows), Date.now);
  if (kept.kind !== 'kept') throw new Error(JSON.stringify(kept));
  const uploaded = performance.now();
  await worker.runDue();
  const end = performance.now();
  const cpu = process.cpuUsage(cpuBefore);
  clearInterval(sampling);

  const { created } = await db.kysely
    .selectFrom('contact_imports')
    .select('created')
    .where('id', '=', kept.row.id)
    .executeTakeFirstOrThrow();
  if (created !== rows) throw new Error(`${created} of ${rows} rows became contacts`);
  return {
    rows,
    uploadSeconds: (uploaded - start) / 1_000,
    rowsPerSecond: Math.round(rows / ((end - uploaded) / 1_000)),
    cpuUs: (cpu.user + cpu.system) / rows,
    rssGrowthBytes: peak - rssBefore,
  };
}

const LINES = 500;

/** French mobile numbers: there are enough valid ones of +33 6 and +33 7. */
async function* people(rows: number): AsyncGenerator<Buffer> {
  yield Buffer.from('external_id,phone,email,locale,country\n');
  for (let at = 0; at < rows; at += LINES) {
    const size = Math.min(LINES, rows - at);
    const lines = Array.from({ length: size }, (_, index) => {
      const number = at + index;
      return `p-${number},+336${String(10_000_000 + number)},p${number}@example.com,fr,FR\n`;
    });
    yield Buffer.from(lines.join(''));
  }
}
