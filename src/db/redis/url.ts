export type RedisAddress = { tls: boolean; username?: string; password?: string } & (
  | { kind: 'single'; host: string; port: number; db: number }
  | { kind: 'sentinel'; sentinels: HostPort[]; master: string; db: number; sentinelPassword?: string }
  | { kind: 'cluster'; nodes: HostPort[] }
);

export interface HostPort {
  host: string;
  port: number;
}

const SHAPE =
  /^(?<scheme>rediss?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?]+)(?:\/(?<path>[^?]*))?(?:\?(?<query>.*))?$/;
const HOST = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;
const PORTS = { single: 6379, sentinel: 26379, cluster: 6379 };

/**
 * redis://[user:password@]host[:port][/db], rediss:// for TLS,
 * redis+sentinel://[user:password@]host[:port],…/master[?db=n&sentinel_password=…],
 * redis+cluster://[user:password@]host[:port],…
 * Null when it is none of these.
 */
export function parseRedisUrl(url: string): RedisAddress | null {
  const parts = SHAPE.exec(url)?.groups;
  if (!parts) return null;
  const { scheme, kind = 'single', user, password, hosts = '', path = '', query } = parts;
  const list = hosts.split(',').map((entry) => parseHost(entry, PORTS[kind as keyof typeof PORTS]));
  const nodes = list.filter((node) => node !== null);
  const [first] = nodes;
  if (!first || nodes.length < list.length) return null;

  const common = {
    tls: scheme === 'rediss',
    ...(user && { username: decodeURIComponent(user) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
  const parameters = new URLSearchParams(query);
  switch (kind) {
    case 'cluster':
      return path === '' ? { ...common, kind, nodes } : null;
    case 'sentinel': {
      const db = parseDb(parameters.get('db') ?? '');
      const sentinelPassword = parameters.get('sentinel_password');
      if (path === '' || db === null) return null;
      return {
        ...common,
        kind,
        sentinels: nodes,
        master: decodeURIComponent(path),
        db,
        ...(sentinelPassword && { sentinelPassword }),
      };
    }
    default: {
      const db = parseDb(path);
      return nodes.length === 1 && db !== null ? { ...common, kind: 'single', ...first, db } : null;
    }
  }
}

function parseHost(entry: string, defaultPort: number): HostPort | null {
  const [, host, port] = HOST.exec(entry) ?? [];
  if (!host) return null;
  return { host: host.replace(/^\[|\]$/g, ''), port: port ? Number(port) : defaultPort };
}

function parseDb(text: string): number | null {
  if (text === '') return 0;
  return /^\d{1,4}$/.test(text) ? Number(text) : null;
}
