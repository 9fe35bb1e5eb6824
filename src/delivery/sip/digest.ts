import { createHash, randomBytes } from 'node:crypto';
import { type SipResponse, splitList } from './message.ts';

export interface Credentials {
  username: string;
  password: string;
}

/** RFC 7616 by way of RFC 8760. */
export interface Challenge {
  realm: string;
  nonce: string;
  opaque: string | null;
  algorithm: keyof typeof HASHES;
  /** False: a server of RFC 2069, without `qop`. */
  hasQop: boolean;
  stale: boolean;
  /** The header of the answer to it. */
  answerIn: 'authorization' | 'proxy-authorization';
}

/** The better first. MD5 is what most trunks have; over anything but TLS it is no secret for long. */
const HASHES = { 'SHA-512-256': 'sha512-256', 'SHA-256': 'sha256', MD5: 'md5' } as const;

const HEADERS = {
  'www-authenticate': 'authorization',
  'proxy-authenticate': 'proxy-authorization',
} as const satisfies Record<string, Challenge['answerIn']>;

/** The best challenge that can be answered; null: none. */
export function readChallenge(response: SipResponse): Challenge | null {
  const wanted = response.status === 401 ? 'www-authenticate' : 'proxy-authenticate';
  const found = response.headers
    .filter(([name]) => name === wanted)
    .map(([, value]) => readOne(value, HEADERS[wanted]))
    .filter((challenge) => challenge !== null);
  const order = Object.keys(HASHES);
  return found.sort((a, b) => order.indexOf(a.algorithm) - order.indexOf(b.algorithm))[0] ?? null;
}

function readOne(value: string, answerIn: Challenge['answerIn']): Challenge | null {
  if (!/^digest\s/i.test(value)) return null;
  const members = new Map<string, string>();
  for (const part of splitList(value.slice('digest'.length))) {
    const [, name, quoted, plain] = /^([\w-]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|(\S*))$/.exec(part) ?? [];
    if (name !== undefined) members.set(name.toLowerCase(), quoted ?? plain ?? '');
  }
  const realm = members.get('realm');
  const nonce = members.get('nonce');
  const algorithm = Object.keys(HASHES).find((known) => known === (members.get('algorithm') ?? 'MD5').toUpperCase());
  const qop = members.get('qop');
  const hasAuth = qop?.split(',').some((option) => option.trim().toLowerCase() === 'auth');
  if (realm === undefined || nonce === undefined || !algorithm || hasAuth === false) return null;
  return {
    realm,
    nonce,
    opaque: members.get('opaque') ?? null,
    algorithm: algorithm as Challenge['algorithm'],
    hasQop: hasAuth === true,
    stale: members.get('stale')?.toLowerCase() === 'true',
    answerIn,
  };
}

/** Values of a challenge are quoted as they came, with their escapes. */
export function answerChallenge(
  { realm, nonce, opaque, algorithm, hasQop }: Challenge,
  { username, password }: Credentials,
  { method, uri }: { method: string; uri: string },
  cnonce = randomBytes(16).toString('hex'),
): string {
  const hash = (text: string) => createHash(HASHES[algorithm]).update(text).digest('hex');
  const secret = hash(`${username}:${realm}:${password}`);
  const subject = hash(`${method}:${uri}`);
  // Each nonce is answered once by us: its count stays 1.
  const count = '00000001';
  const response = hasQop
    ? hash(`${secret}:${nonce}:${count}:${cnonce}:auth:${subject}`)
    : hash(`${secret}:${nonce}:${subject}`);
  const members = [
    `username="${username.replace(/["\\]/g, '\\$&')}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${uri}"`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
    ...(opaque === null ? [] : [`opaque="${opaque}"`]),
    ...(hasQop ? ['qop=auth', `nc=${count}`, `cnonce="${cnonce}"`] : []),
  ];
  return `Digest ${members.join(', ')}`;
}
