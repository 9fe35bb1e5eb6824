import { toTimestamp } from '../../lib/clock.ts';
import { viewEvent } from '../event-view.ts';
import type { FeedLeaf } from '../feed.ts';
import { jsonLine } from './json-line.ts';
import type { ExportRow } from './row-format.ts';

/** The API's Event with its place in the log, and with what its leaf hash can be checked by. */
export function ndjsonRow({ logIndex, event, leaf }: ExportRow): string {
  return jsonLine({ log_index: logIndex, ...viewEvent(event), leaf: viewLeaf(leaf) });
}

/** Of an event that is gone: what is left of it. */
export function ndjsonDeleted(logIndex: number, type: string, at: number, leaf: FeedLeaf): string {
  return jsonLine({
    log_index: logIndex,
    id: leaf.eventId,
    type,
    created_at: toTimestamp(at),
    project: leaf.project,
    mode: leaf.mode,
    deleted: true,
    leaf: { hash: leaf.hash },
  });
}

/** Of rows that are not shown: the root over so many, a power of two. */
export function ndjsonHashes(logIndex: number, leaves: number, hash: string): string {
  return jsonLine({ log_index: logIndex, leaves, hash });
}

function viewLeaf({ hash, commitment, salt }: FeedLeaf): object {
  return { hash, ...(commitment !== null && { commitment }), ...(salt !== null && { salt }) };
}
