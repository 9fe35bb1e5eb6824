import { toAsciiJson } from '../../lib/to-ascii-json.ts';
import { classifyEvent } from '../export/classify-event.ts';
import { ndjsonDeleted } from '../export/ndjson.ts';
import { rowFormats } from '../export/row-format.ts';
import type { FeedEntry } from '../feed.ts';

/** A system outside that gets every event, in the order of the log. */
export interface Sink {
  /** Resolves when it has them; throws when that is not certain, and they are sent again. */
  ship(records: readonly SinkRecord[], signal: AbortSignal): Promise<void>;
  close?(): Promise<void>;
}

/** One event, as it is sent. */
export interface SinkRecord {
  /** ms */
  at: number;
  type: string;
  severity: 'informational' | 'low' | 'medium';
  /** One line. */
  text: string;
}

export const SINK_FORMATS = ['json', 'ocsf', 'cef'] as const;
export type SinkFormat = (typeof SINK_FORMATS)[number];

/** One that is gone before it was sent leaves its place in the log, where the format has a way to say so. */
export function toRecords(entries: readonly FeedEntry[], format: SinkFormat): SinkRecord[] {
  const { row } = rowFormats[format === 'json' ? 'ndjson' : format];
  return entries.flatMap(({ logIndex, event, type, at, leaf }): SinkRecord[] => {
    if (!event && format !== 'json') return [];
    const line = event ? row({ logIndex, event, leaf }) : ndjsonDeleted(logIndex, type, at, leaf);
    const { severity } = classifyEvent({ type });
    return [{ at, type, severity, text: format === 'cef' ? line : toAsciiJson(line) }];
  });
}
