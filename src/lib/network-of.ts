import { isIPv6 } from 'node:net';

const GROUPS = 8;
/** An IPv6 subscriber owns a /64: whoever has one address of it has all of them. */
const NETWORK_GROUPS = 4;
/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2) */
const MAPPED = '0:0:0:0:0:ffff:';

/** What is counted as one origin: an IPv4 address, however it is written, or the /64 of an IPv6 address. */
export function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const groups = groupsOf(ip);
  if (groups.join(':').startsWith(MAPPED)) return groups.slice(-2).flatMap(bytesOf).join('.');
  return groups.slice(0, NETWORK_GROUPS).join(':');
}

/** All eight, in hexadecimal without leading zeros; URLs hold addresses in one spelling (RFC 5952). */
function groupsOf(ip: string): string[] {
  const [address = ''] = ip.split('%', 1);
  const [left = [], right = []] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  return [...left, ...Array<string>(GROUPS - left.length - right.length).fill('0'), ...right];
}

function bytesOf(group: string): [number, number] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
