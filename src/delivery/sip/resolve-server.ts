import system from 'node:dns/promises';
import { isIP } from 'node:net';
import { canonicalAddress } from './canonical-address.ts';
import type { Protocol, Target } from './flow.ts';

/** What is asked of DNS. */
export interface Dns {
  srv(name: string): Promise<{ name: string; port: number; priority: number; weight: number }[]>;
  addresses(name: string): Promise<string[]>;
}

export const systemDns: Dns = {
  // By the module: functions imported by name would not follow `dns.setServers`.
  srv: (name) => system.resolveSrv(name),
  addresses: async (name) =>
    (await system.lookup(name, { all: true, order: 'ipv4first' })).map(({ address }) => address),
};

export interface ServerName {
  protocol: Protocol;
  host: string;
  /** Given: the host's addresses are taken, SRV is not asked (RFC 3263 §4.2). */
  port: number | null;
}

const SRV_PREFIXES = { udp: '_sip._udp', tcp: '_sip._tcp', tls: '_sips._tcp' } as const satisfies Record<
  Protocol,
  string
>;
export const DEFAULT_PORTS = { udp: 5060, tcp: 5060, tls: 5061 } as const satisfies Record<Protocol, number>;
const MAX_TARGETS = 10;

/** In the order in which they are to be tried; none when the name is not known or DNS does not answer. */
export async function resolveServer(
  { protocol, host, port }: ServerName,
  dns: Dns,
  random = Math.random,
): Promise<Target[]> {
  // The certificate is that of the domain asked for, not of the host that DNS named (RFC 5922 §4).
  const at = (address: string, its: number): Target => ({
    protocol,
    address: canonicalAddress(address),
    port: its,
    serverName: host,
  });
  if (isIP(host)) return [at(host, port ?? DEFAULT_PORTS[protocol])];
  if (port !== null) return (await addressesOf(host, dns)).map((address) => at(address, port));
  const records = await dns.srv(`${SRV_PREFIXES[protocol]}.${host}`).catch(() => []);
  // A single "." says that the service is not offered (RFC 2782).
  const servers = orderServers(records, random).filter(({ name, port }) => name !== '' && name !== '.' && port > 0);
  if (records.length === 0)
    return (await addressesOf(host, dns)).map((address) => at(address, DEFAULT_PORTS[protocol]));
  const found = await Promise.all(
    servers
      .slice(0, MAX_TARGETS)
      .map(async (server) => (await addressesOf(server.name, dns)).map((address) => at(address, server.port))),
  );
  return found.flat().slice(0, MAX_TARGETS);
}

async function addressesOf(name: string, dns: Dns): Promise<string[]> {
  if (isIP(name)) return [name];
  return dns.addresses(name).catch(() => []);
}

/** RFC 2782: by priority, within it at random by weight. */
function orderServers<Server extends { priority: number; weight: number }>(
  servers: readonly Server[],
  random: () => number,
): Server[] {
  // Drawing in proportion to weight, one after the other, is sorting by u^(1/weight) (Efraimidis and Spirakis, 2006).
  const keyed = servers.map((server) => ({ server, key: random() ** (1 / Math.max(server.weight, 0.01)) }));
  return keyed.sort((a, b) => a.server.priority - b.server.priority || b.key - a.key).map(({ server }) => server);
}
