/** A SIP message (RFC 3261 §7). Names of headers are lower case and in full, values as they came, in their order. */
export type Headers = readonly (readonly [name: string, value: string])[];

export interface SipRequest {
  kind: 'request';
  method: string;
  uri: string;
  headers: Headers;
  body: Buffer;
}

export interface SipResponse {
  kind: 'response';
  status: number;
  phrase: string;
  headers: Headers;
  body: Buffer;
}

export type SipMessage = SipRequest | SipResponse;

export const NO_BODY: Buffer = Buffer.alloc(0);

export function headerOf({ headers }: { headers: Headers }, name: string): string | undefined {
  return headers.find(([own]) => own === name)?.[1];
}

/** All values of a header that may be repeated or hold several, separated by commas (§7.3.1). */
export function headersOf({ headers }: { headers: Headers }, name: string): string[] {
  return headers.filter(([own]) => own === name).flatMap(([, value]) => splitList(value));
}

/** At the commas that are in neither quotes nor angle brackets. */
export function splitList(value: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let depth = 0;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '<') depth++;
    else if (char === '>') depth = Math.max(0, depth - 1);
    else if (char === ',' && depth === 0) {
      parts.push(value.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(value.slice(start).trim());
  return parts.filter((part) => part !== '');
}

/** `;name=value` after the first semicolon outside of quotes and brackets; names in lower case. */
export function readParameters(value: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, plain] of value.matchAll(
    /;\s*([\w.!%*+`'~-]{1,64})\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,\s"]*)))?/g,
  )) {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted ?? plain ?? '');
  }
  return found;
}

export interface CSeq {
  number: number;
  method: string;
}

export function readCSeq(message: SipMessage): CSeq | null {
  const match = /^(\d{1,10})\s+([A-Z]{1,20})$/.exec(headerOf(message, 'cseq') ?? '');
  const number = Number(match?.[1]);
  return match?.[2] && number < 2 ** 31 ? { number, method: match[2] } : null;
}

/** The branch of the topmost Via: the name of the transaction (§17.1.3). */
export function branchOf(message: SipMessage): string | undefined {
  const [via] = headersOf(message, 'via');
  return via === undefined ? undefined : readParameters(via).get('branch');
}

/** Of `To` or `From`. */
export function tagOf(message: SipMessage, header: 'to' | 'from'): string | undefined {
  const value = headerOf(message, header) ?? '';
  return readParameters(value.slice(value.lastIndexOf('>') + 1)).get('tag');
}

export const callIdOf = (message: SipMessage) => headerOf(message, 'call-id') ?? '';
