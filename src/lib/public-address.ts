import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { BlockList, isIPv6, type LookupFunction } from 'node:net';

/** IANA's special-purpose registry, multicast and reserved blocks. */
const SPECIAL = new BlockList();
for (const block of [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
]) {
  const [address = '', bits] = block.split('/');
  SPECIAL.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** What is not in it: loopback, link-local, unique local, mapped and translated IPv4, multicast. */
const GLOBAL_UNICAST = new BlockList();
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6');

/** Whether an address is one of the public Internet. */
export function isPublicAddress(address: string): boolean {
  if (isIPv6(address)) return GLOBAL_UNICAST.check(address, 'ipv6') && !SPECIAL.check(address, 'ipv6');
  return !SPECIAL.check(address, 'ipv4');
}

/** Neither found nor to be found: the same to whoever asks. */
class PrivateAddress extends Error {
  readonly code = 'ENOTFOUND';
}

/**
 * For connections to hosts that callers name: those that resolve to a private address fail, and what was looked at is
 * what is connected to. A host that is an address already is not looked up: refuse those before.
 */
export function createPublicLookup(lookup: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const [first] = found ?? [];
      if (error) return callback(error, '');
      if (!first || !found.every(({ address }) => isPublicAddress(address))) {
        return callback(new PrivateAddress('the host has no public address'), '');
      }
      return options.all ? callback(null, found) : callback(null, first.address, first.family);
    });
  };
}
