import { readParameters } from './message.ts';

/** The parts of a SIP URI (RFC 3261 §19.1) that decide where a request goes. */
export interface SipUri {
  scheme: 'sip' | 'sips';
  user: string | null;
  host: string;
  port: number | null;
  parameters: ReadonlyMap<string, string>;
}

const URI =
  /^(sips?):(?:([^@\s<>"]{1,256})@)?(\[[0-9a-f:.]{2,64}\]|[a-z0-9._-]{1,255})(?::(\d{1,5}))?((?:;[^?\s<>"]*)?)(?:\?[^\s<>"]*)?$/i;

export function readUri(text: string): SipUri | null {
  const match = URI.exec(text.trim());
  if (!match) return null;
  const [, scheme = '', user, host = '', digits, parameters = ''] = match;
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && (port < 1 || port > 65_535)) return null;
  return {
    scheme: scheme.toLowerCase() === 'sips' ? 'sips' : 'sip',
    user: user ?? null,
    host: host.replace(/^\[|\]$/g, '').toLowerCase(),
    port,
    parameters: readParameters(parameters),
  };
}

/** The URI of `"Name" <uri>;parameters` or of `uri;parameters`, where the parameters are the header's (§20.10). */
export function uriOf(nameAddress: string): string | null {
  const bracketed = /<([^<>]{1,2048})>/.exec(nameAddress.replace(/"(?:[^"\\]|\\.)*"/g, ''));
  if (bracketed?.[1]) return bracketed[1].trim();
  const [plain = ''] = nameAddress.split(';');
  return plain.trim() || null;
}

/** With the brackets an IPv6 address has in URIs and Via. */
export const hostText = (host: string) => (host.includes(':') ? `[${host}]` : host);
