import type { SipMessage, SipRequest, SipResponse } from './message.ts';

/** No UDP datagram is longer, and nothing we are sent has a reason to be. */
export const MAX_MESSAGE_BYTES = 65_535;
const MAX_HEADERS = 200;
/** Real ones have a few hundred; what is made to be slow to read has more. */
const MAX_HEADER_LENGTH = 4_000;

/** §7.3.3 and §20 */
const COMPACT: Readonly<Record<string, string>> = {
  c: 'content-type',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  s: 'subject',
  t: 'to',
  v: 'via',
};

const REQUEST_LINE = /^([A-Z]{1,20}) (\S{1,2048}) SIP\/2\.0$/;
const STATUS_LINE = /^SIP\/2\.0 ([1-6]\d\d)(?: (.{0,256}))?$/;
const HEADER_LINE = /^([\w.!%*+`'~-]{1,64})[ \t]*:[ \t]*(.*)$/;

export interface Head {
  message: Omit<SipRequest, 'body'> | Omit<SipResponse, 'body'>;
  /** As stated; null where it is not. */
  contentLength: number | null;
}

/** A datagram. Null for whatever is not a whole SIP message with the headers that every one has (§8.1.1). */
export function readMessage(bytes: Buffer): SipMessage | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1 || bytes.length > MAX_MESSAGE_BYTES) return null;
  const head = readHead(bytes.subarray(0, end));
  if (!head) return null;
  const rest = bytes.subarray(end + 4);
  // What is beyond the stated length is not part of the message (§18.3).
  const length = head.contentLength ?? rest.length;
  return length > rest.length ? null : withBody(head, rest.subarray(0, length));
}

export function withBody(head: Head, body: Buffer): SipMessage {
  return { ...head.message, body: Buffer.from(body) };
}

/** Start line and headers, without the empty line that ends them. */
export function readHead(bytes: Buffer): Head | null {
  const text = bytes.toString('utf8');
  // Folded lines (§7.3.1) are one.
  const [start = '', ...lines] = text.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  if (lines.length > MAX_HEADERS) return null;
  const headers: [string, string][] = [];
  for (const line of lines) {
    if (line.length > MAX_HEADER_LENGTH) return null;
    const [, name, value] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return null;
    const lower = name.toLowerCase();
    headers.push([Object.hasOwn(COMPACT, lower) ? (COMPACT[lower] ?? lower) : lower, value.trim()]);
  }
  const message = readStart(start, headers);
  const contentLength = readLength(headers);
  if (!message || contentLength === 'unreadable') return null;
  const isWhole = ['via', 'from', 'to', 'call-id', 'cseq'].every((needed) => headers.some(([name]) => name === needed));
  return isWhole ? { message, contentLength } : null;
}

function readStart(line: string, headers: [string, string][]): Head['message'] | null {
  const request = REQUEST_LINE.exec(line);
  if (request?.[1] && request[2]) return { kind: 'request', method: request[1], uri: request[2], headers };
  const response = STATUS_LINE.exec(line);
  return response ? { kind: 'response', status: Number(response[1]), phrase: response[2] ?? '', headers } : null;
}

function readLength(headers: readonly [string, string][]): number | null | 'unreadable' {
  const value = headers.find(([name]) => name === 'content-length')?.[1];
  if (value === undefined) return null;
  return /^\d{1,5}$/.test(value) ? Number(value) : 'unreadable';
}
