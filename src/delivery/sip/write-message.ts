import type { Headers, SipMessage } from './message.ts';

export type NewHeaders = readonly (readonly [name: string, value: string])[];

/** Line ends in a value would begin a header of their own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/g;

export function writeMessage(message: SipMessage): Buffer {
  const start =
    message.kind === 'request'
      ? `${message.method} ${clean(message.uri)} SIP/2.0`
      : `SIP/2.0 ${message.status} ${clean(message.phrase)}`;
  const lines = message.headers
    .filter(([name]) => name !== 'content-length')
    .map(([name, value]) => `${nameOf(name)}: ${clean(value)}`);
  const head = [start, ...lines, `Content-Length: ${message.body.length}`, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'utf8'), message.body]);
}

const clean = (value: string) => value.replace(CONTROL, '');

/** As the RFC writes them: some servers compare exactly. */
const IRREGULAR: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'www-authenticate': 'WWW-Authenticate',
};

function nameOf(name: string): string {
  if (Object.hasOwn(IRREGULAR, name)) return IRREGULAR[name] ?? name;
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** `headers` with one replaced, or added where it was not. */
export function withHeader(headers: Headers, name: string, value: string): NewHeaders {
  const at = headers.findIndex(([own]) => own === name);
  if (at === -1) return [...headers, [name, value]];
  return headers.map((header, index) => (index === at ? [name, value] : header));
}
