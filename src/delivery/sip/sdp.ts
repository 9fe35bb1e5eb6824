import { isIP } from 'node:net';
import { type Codec, PAYLOAD_TYPES } from '../rtp/g711.ts';
import { canonicalAddress } from './canonical-address.ts';

/** What SDP says of one audio stream (RFC 8866, RFC 3264), as far as it concerns G.711. */
export interface AudioDescription {
  address: string;
  port: number;
  /** In the order of preference. */
  codecs: readonly Codec[];
  /** RFC 4733; null: keys come as tones. */
  telephoneEvent: number | null;
  direction: Direction;
  /** `a=crypto` of RFC 4568; null: plain RTP. */
  crypto: readonly CryptoAttribute[] | null;
}

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface CryptoAttribute {
  tag: number;
  suite: string;
  /** Master key and salt. */
  key: Buffer;
}

export interface LocalDescription extends AudioDescription {
  sessionId: string;
  version: number;
}

const TELEPHONE_EVENT = 101;
export const OFFERED_TELEPHONE_EVENT = TELEPHONE_EVENT;

export function writeSdp(local: LocalDescription): Buffer {
  const { address, port, codecs, telephoneEvent, direction, crypto, sessionId, version } = local;
  const net = `IN IP${isIP(address) === 6 ? 6 : 4} ${address}`;
  const formats = [
    ...codecs.map((codec) => PAYLOAD_TYPES[codec]),
    ...(telephoneEvent === null ? [] : [telephoneEvent]),
  ];
  const lines = [
    'v=0',
    `o=- ${sessionId} ${version} ${net}`,
    's=-',
    `c=${net}`,
    't=0 0',
    `m=audio ${port} ${crypto ? 'RTP/SAVP' : 'RTP/AVP'} ${formats.join(' ')}`,
    ...codecs.map((codec) => `a=rtpmap:${PAYLOAD_TYPES[codec]} ${codec}/8000`),
    ...(telephoneEvent === null
      ? []
      : [`a=rtpmap:${telephoneEvent} telephone-event/8000`, `a=fmtp:${telephoneEvent} 0-15`]),
    ...(crypto ?? []).map(({ tag, suite, key }) => `a=crypto:${tag} ${suite} inline:${key.toString('base64')}`),
    'a=ptime:20',
    // Gateways that send nothing in pauses would look dead (RFC 3108 §5.6.2.2, beyond ATM by custom).
    'a=silenceSupp:off - - - -',
    `a=${direction}`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'ascii');
}

const MAX_LINES = 500;

/** The first audio stream that is not refused (port 0); null: there is none that we could talk to. */
export function readSdp(body: Buffer): AudioDescription | null {
  const lines = body.toString('utf8').split(/\r?\n/).slice(0, MAX_LINES);
  if (lines[0] !== 'v=0') return null;
  const starts = lines.flatMap((line, at) => (line.startsWith('m=') ? [at] : []));
  const session = lines.slice(0, starts[0] ?? lines.length);
  for (const [index, start] of starts.entries()) {
    const media = lines.slice(start, starts[index + 1] ?? lines.length);
    const found = readMedia(session, media);
    if (found) return found;
  }
  return null;
}

function readMedia(session: readonly string[], [first = '', ...lines]: readonly string[]): AudioDescription | null {
  const [, digits, profile, list = ''] =
    /^m=audio (\d{1,5})(?:\/1)? RTP\/(AVP|SAVP)F? ([\d ]{1,400})$/.exec(first.trim()) ?? [];
  const port = Number(digits);
  const connection = [...lines, ...session].find((line) => line.startsWith('c='));
  const [, address = ''] = /^c=IN IP[46] ([0-9a-fA-F.:]{2,45})(?:\/\d+)*\s*$/.exec(connection ?? '') ?? [];
  if (!(port >= 1 && port <= 65_535) || isIP(address) === 0) return null;
  const formats = list.trim().split(/ +/).map(Number);
  const names = namesOf(formats, lines);
  const codecs = [...new Set(formats.map((format) => names.get(format)))].filter(isCodec);
  if (codecs.length === 0) return null;
  const telephoneEvent = formats.find((format) => names.get(format) === 'TELEPHONE-EVENT') ?? null;
  const crypto = profile === 'SAVP' ? lines.map(readCrypto).filter((attribute) => attribute !== null) : null;
  return {
    address: canonicalAddress(address),
    port,
    codecs,
    telephoneEvent,
    direction: readDirection(lines) ?? readDirection(session) ?? 'sendrecv',
    crypto,
  };
}

/** By `a=rtpmap`, else by the static assignments of RFC 3551. We send the static numbers, so only these will do. */
function namesOf(formats: readonly number[], lines: readonly string[]): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of lines) {
    const [, format, name = ''] = /^a=rtpmap:(\d{1,3}) ([\w.-]{1,40})\/8000(?:\/1)?\s*$/.exec(line) ?? [];
    if (format !== undefined) names.set(Number(format), name.toUpperCase());
  }
  for (const [codec, format] of Object.entries(PAYLOAD_TYPES)) {
    if (formats.includes(format) && !names.has(format)) names.set(format, codec);
  }
  for (const [format, name] of names) {
    if (isCodec(name) && PAYLOAD_TYPES[name] !== format) names.delete(format);
  }
  return names;
}

const isCodec = (name: string | undefined): name is Codec => name === 'PCMU' || name === 'PCMA';

function readDirection(lines: readonly string[]): Direction | null {
  const found = lines.map((line) => /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/.exec(line)?.[1]).find(Boolean);
  return (found as Direction | undefined) ?? null;
}

/** The key may be followed by a lifetime and a master key identifier (RFC 4568 §6.1); the latter is for several keys. */
function readCrypto(line: string): CryptoAttribute | null {
  const match =
    /^a=crypto:(\d{1,9}) ([A-Z0-9_]{1,40}) inline:([A-Za-z0-9+/]{40}={0,2})(?:\|2\^\d{1,2}|\|\d{1,15})?\s*$/.exec(line);
  if (!match?.[2] || !match[3]) return null;
  return { tag: Number(match[1]), suite: match[2], key: Buffer.from(match[3], 'base64') };
}

/** What the other direction is for the other side (RFC 3264 §6.1). */
export const MIRRORED = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
} as const satisfies Record<Direction, Direction>;
