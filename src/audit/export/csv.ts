import { viewEvent } from '../event-view.ts';
import { jsonLine } from './json-line.ts';
import type { ExportRow } from './row-format.ts';

const COLUMNS = [
  'log_index',
  'id',
  'type',
  'created_at',
  'project',
  'mode',
  'actor',
  'verification_id',
  'message_id',
  'sequence',
  'recipient_masked',
  'recipient_hash',
  'client_ip',
  'client_user_agent',
  'client_device_id',
  'data',
  'leaf_hash',
] as const;

export const CSV_HEADER = `${COLUMNS.join()}\r\n`;

export function csvRow({ logIndex, event, leaf }: ExportRow): string {
  const { recipient, client, data, ...rest } = viewEvent(event);
  const cells: Record<string, string | number | undefined> = {
    log_index: logIndex,
    ...rest,
    recipient_masked: recipient?.masked,
    recipient_hash: recipient?.hash,
    client_ip: client?.ip,
    client_user_agent: client?.user_agent,
    client_device_id: client?.device_id,
    data: jsonLine(data),
    leaf_hash: leaf.hash,
  };
  return COLUMNS.map((column) => toCell(cells[column])).join();
}

/** What a spreadsheet may take for a formula, also after spaces or control characters, and in full width. */
const FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠\t\r\n\0]/u;

/**
 * RFC 4180, and text that could be a formula begins with an apostrophe (CWE-1236). So does text that began with one, so
 * that taking away one apostrophe always gives back what was there.
 */
export function toCell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const guarded = FORMULA.test(value) || value.startsWith("'") ? `'${value}` : value;
  return /[",;\s\p{Cc}]/u.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
