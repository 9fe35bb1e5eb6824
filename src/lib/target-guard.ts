import { Resolver } from 'node:dns/promises';
import { isIP, isIPv6, type LookupFunction } from 'node:net';
import { isOwnAddress, isPublicAddress } from './public-address.ts';

/** Keeps requests to URLs that callers name away from everything but the public Internet. */
export interface TargetGuard {
  /** What is wrong with a URL, as far as the URL says it; null when nothing is. */
  refuse(url: string): string | null;
  /** The same, and where its host is at this moment. */
  look(url: string): Promise<string | null>;
  /** For connections: what was looked at is what is connected to. Undefined: anywhere. */
  lookup: LookupFunction | undefined;
}

export interface TargetRules {
  /** Takes http, every port and every address: for development. */
  allowPrivate?: boolean;
  ports?: readonly number[];
  /** Names of our own. */
  ownHosts?: readonly string[];
  /** Addresses of a host; rejects when there are none. */
  resolve?: (host: string) => Promise<string[]>;
}

const MAX_URL_CHARACTERS = 2_048;
/** Parsers of URLs leave these out or read them as something else, each in its own way. */
const AMBIGUOUS = /[\p{Cc}\p{Cf}\p{Z}\\]/u;
const NAME = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 6761, RFC 6762, RFC 8375, and ICANN's name for private use: never of the public Internet. */
const PRIVATE_NAMES = /(^|\.)(localhost|localdomain|local|internal|home\.arpa|onion)$/;

export function createTargetGuard(rules: TargetRules = {}): TargetGuard {
  const { allowPrivate = false, ports = [443], ownHosts = [], resolve = systemResolve } = rules;
  const isAllowed = (address: string) => isPublicAddress(address) && !isOwnAddress(address);

  function refuse(text: string): string | null {
    if (text.length > MAX_URL_CHARACTERS) return `must not be longer than ${MAX_URL_CHARACTERS} characters`;
    const url = AMBIGUOUS.test(text) ? null : URL.parse(text);
    if (!url) return 'is not a URL';
    if (url.username !== '' || url.password !== '') return 'must not hold credentials';
    if (text.includes('#')) return 'must not have a fragment';
    if (allowPrivate) return /^https?:$/.test(url.protocol) ? null : 'must begin with https:// or http://';
    if (url.protocol !== 'https:') return 'must begin with https://';
    const port = Number(url.port || 443);
    if (!ports.includes(port)) return `must have one of the ports ${ports.join(', ')}`;
    return refuseHost(hostOf(url));
  }

  function refuseHost(host: string): string | null {
    // The parser has turned every spelling of an IPv4 address into the one with four numbers (WHATWG URL §3.5).
    if (isIP(host) !== 0) return isAllowed(host) ? null : 'must be at a public address';
    if (!NAME.test(host) || PRIVATE_NAMES.test(host)) return 'must have a host name of the public Internet';
    return ownHosts.includes(host) ? 'must not be this service' : null;
  }

  async function look(text: string): Promise<string | null> {
    const refusal = refuse(text);
    if (refusal !== null || allowPrivate) return refusal;
    const host = hostOf(new URL(text));
    if (isIP(host) !== 0) return null;
    // One that is not known yet may be known when something is sent; it is looked up again then.
    const found = await resolve(host).catch(() => []);
    return found.every(isAllowed) ? null : 'must be at a public address';
  }

  const lookup: LookupFunction = (host, options, callback) => {
    resolve(host).then(
      (found) => {
        const [first] = found;
        if (first === undefined || !found.every(isAllowed)) return callback(new BlockedTarget(), '');
        const addresses = found.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
        return options.all ? callback(null, addresses) : callback(null, first, isIPv6(first) ? 6 : 4);
      },
      (error) => callback(error, ''),
    );
  };

  return { refuse, look, lookup: allowPrivate ? undefined : lookup };
}

/** Its code is how the outcome of a request names it. */
export class BlockedTarget extends Error {
  override readonly name = 'BlockedTarget';
  readonly code = 'blocked';
  constructor() {
    super('the host is not of the public Internet');
  }
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** Of the first try; the second takes twice as long. */
const RESOLVE_TIMEOUT_MS = 1_000;

/**
 * Asks the name servers, and neither the hosts file nor search domains. The system's own way (getaddrinfo) would also
 * wait in one of the few threads that codes are hashed in: names that are never answered could hold them all.
 */
async function systemResolve(host: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: RESOLVE_TIMEOUT_MS, tries: 2 });
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (found.length === 0) throw failed?.reason ?? new Error('the host has no address');
  return found;
}
