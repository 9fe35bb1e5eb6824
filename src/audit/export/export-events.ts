import type { Kysely } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { type FeedEntry, feedEnd, type LeafEntry, readFeedAt, readLeaves } from '../feed.ts';
import { type ExportRange, firstIndexOf } from './export-range.ts';
import { createHiddenRows, hiddenBefore } from './hidden-rows.ts';
import { ndjsonDeleted } from './ndjson.ts';
import { type ExportFormat, rowFormats } from './row-format.ts';

export interface ExportOptions {
  format: ExportFormat;
  range: ExportRange;
  /** With lines for what is not shown, so that an export of rows of one's own proves that they are in the log. */
  proof: boolean;
}

/** Rows of the log that are looked at, and written, at once. */
const PAGE = 500;

/**
 * Text for as long as there are sealed events, a page at a time and only when the one before was taken. Nothing is held
 * in the database in between.
 */
export async function* exportEvents(
  db: Kysely<Schema>,
  { format, range, proof }: ExportOptions,
): AsyncGenerator<string, void, undefined> {
  const { header, row, lineEnd } = rowFormats[format];
  const hidden = createHiddenRows();
  const print = (lines: readonly string[]) => lines.map((line) => line + lineEnd).join('');
  let next = await firstIndexOf(db, range);
  if (range.after === null) yield header + (proof ? print(await hiddenBefore(db, next)) : '');

  function show({ logIndex, event, type, at, leaf }: FeedEntry): string[] {
    if (event) return [row({ logIndex, event, leaf })];
    return proof ? [ndjsonDeleted(logIndex, type, at, leaf)] : [];
  }

  async function printPage(leaves: readonly LeafEntry[]): Promise<string> {
    const shown = leaves.filter((leaf) => isShown(range, leaf));
    const entries = await readFeedAt(
      db,
      shown.map(({ logIndex }) => logIndex),
    );
    if (!proof) return print(entries.flatMap(show));
    const byIndex = new Map(entries.map((entry) => [entry.logIndex, entry]));
    const cuts = new Set(entries.length < leaves.length ? await checkpointSizes(db, leaves) : []);
    return print(
      leaves.flatMap(({ logIndex, hash }) => {
        const entry = byIndex.get(logIndex);
        const before = entry || cuts.has(logIndex) ? hidden.flush() : [];
        if (entry) return [...before, ...show(entry)];
        hidden.add(logIndex, hash);
        return before;
      }),
    );
  }

  // What was deleted or erased while the first part was read is explained by events that are sealed by now.
  for (let part = 1; part <= 2; part += 1) {
    const end = await feedEnd(db);
    while (next < end) {
      const own = proof || !range.of ? {} : { of: range.of };
      const leaves = await readLeaves(db, { from: next, before: end, limit: PAGE, ...own });
      const last = leaves.at(-1);
      if (!last) break;
      next = last.logIndex + 1;
      const text = await printPage(leaves);
      if (text !== '') yield text;
    }
  }
  if (proof) yield print(hidden.flush());
}

function isShown({ of, since, until }: ExportRange, { project, mode, at }: LeafEntry): boolean {
  if (of && (project !== of.project || mode !== of.mode)) return false;
  return (since === null || at >= since) && (until === null || at < until);
}

/** Of checkpoints between these rows: a stretch of hidden rows ends there. */
async function checkpointSizes(db: Kysely<Schema>, leaves: readonly LeafEntry[]): Promise<number[]> {
  const rows = await db
    .selectFrom('audit_checkpoints')
    .select('size')
    .distinct()
    .where('size', '>=', leaves[0]?.logIndex ?? 0)
    .where('size', '<=', leaves.at(-1)?.logIndex ?? 0)
    .execute();
  return rows.map(({ size }) => size);
}
