import type { Kysely } from 'kysely';
import type { Schema } from '../../db/schema.ts';
import { type FeedEntry, feedEnd, type LeafEntry, readFeed, readFeedAt, readLeaves } from '../feed.ts';
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

/** Rows that are written at once: what is small is garbage soon, and the process stays small. */
const PAGE = 100;
/** Rows that are looked at where not all are shown. */
const SPARSE_PAGE = 250;

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

  /** Null: there is no more before `end`. */
  async function printPage(end: number): Promise<string | null> {
    const own = proof || !range.of ? {} : { of: range.of };
    const page = { from: next, before: end, ...own };
    if (!hides(range, proof)) {
      const entries = await readFeed(db, { ...page, limit: PAGE });
      return advance(entries) ? print(entries.flatMap(show)) : null;
    }
    const leaves = await readLeaves(db, { ...page, limit: SPARSE_PAGE });
    if (!advance(leaves)) return null;
    const shown = leaves.filter((leaf) => isShown(range, leaf)).map(({ logIndex }) => logIndex);
    const entries = await readFeedAt(db, shown);
    return print(proof ? await showAmongHidden(leaves, entries) : entries.flatMap(show));
  }

  function advance(rows: readonly { logIndex: number }[]): boolean {
    const last = rows.at(-1);
    if (last) next = last.logIndex + 1;
    return last !== undefined;
  }

  async function showAmongHidden(leaves: readonly LeafEntry[], entries: readonly FeedEntry[]): Promise<string[]> {
    const byIndex = new Map(entries.map((entry) => [entry.logIndex, entry]));
    const cuts = new Set(entries.length < leaves.length ? await checkpointSizes(db, leaves) : []);
    return leaves.flatMap(({ logIndex, hash }) => {
      const entry = byIndex.get(logIndex);
      const before = entry || cuts.has(logIndex) ? hidden.flush() : [];
      if (entry) return [...before, ...show(entry)];
      hidden.add(logIndex, hash);
      return before;
    });
  }

  // What was deleted or erased while the first part was read is explained by events that are sealed by now.
  for (let part = 1; part <= 2; part += 1) {
    const end = await feedEnd(db);
    for (let text = await printPage(end); text !== null; text = await printPage(end)) if (text !== '') yield text;
  }
  if (proof) yield print(hidden.flush());
}

/** Whether rows of what is read may not be shown. */
function hides({ of, since, until }: ExportRange, proof: boolean): boolean {
  return since !== null || until !== null || (proof && of !== null);
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
