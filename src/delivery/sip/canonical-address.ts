import { isIPv6, SocketAddress } from 'node:net';

/** As sockets tell where a packet came from: an IPv6 address has many spellings (RFC 5952). */
export function canonicalAddress(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address;
}
