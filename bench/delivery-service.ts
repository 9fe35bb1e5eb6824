import pg from 'pg';
import type { Worker } from './child-process.ts';
import { startWorker } from './child-process.ts';
import { type Countersign, startCountersign } from './countersign.ts';
import { cpuMsOf, cpuMsOfFamily } from './cpu-meter.ts';
import { type Backlog, openBacklog } from './delivery-backlog.ts';
import { prefixOf } from './delivery-numbers.ts';
import type { Stores } from './stores.ts';

export type Profile = 'embedded' | 'postgres' | 'scaled';

/** A way to a carrier's stand-in; the routing table chooses it by the area of the number. */
export interface Carrier {
  name: string;
  area: string;
  /** Of SMPP; null: HTTP. */
  window: number | null;
  sink: Worker;
  sinkPort: number;
}

export interface Service {
  profile: Profile;
  server: Countersign;
  key: string;
  driver: Worker;
  backlog(carrier: Carrier): Promise<Backlog>;
  cpuMs(): { server: number; redis: number; postgres: number };
  stop(): Promise<void>;
}

/** One process that answers, sends and records; all is as it comes but for the carriers and for limits nobody meets. */
export async function startService(
  runFolder: string,
  profile: Profile,
  stores: Stores,
  carriers: readonly Carrier[],
  execArgv: string[],
  scopes: readonly string[] = [],
): Promise<Service> {
  const databaseUrl = await createDatabase(stores.databaseUrl, `bench_${profile}`);
  const used =
    profile === 'embedded' ? null : { databaseUrl, ...(profile === 'scaled' && { redisUrl: stores.redisUrl }) };
  const server = await startCountersign(runFolder, used, execArgv, configOf(carriers));
  const { key, project } = await server.createKey({ hash_preset: 'fast' }, scopes);
  const driver = startWorker(runFolder, 'bench/delivery-driver.ts', []);
  return {
    profile,
    server,
    key,
    driver,
    backlog: ({ area }) => openBacklog(server.databaseUrl, project, area),
    cpuMs: () => ({
      server: cpuMsOf(server.pid),
      redis: cpuMsOf(stores.redisPid),
      postgres: cpuMsOfFamily(stores.postmasterPid),
    }),
    async stop() {
      await driver.stop();
      await server.stop();
    },
  };
}

function configOf(carriers: readonly Carrier[]): object {
  return {
    links: { base_url: 'https://go.example' },
    providers: Object.fromEntries(carriers.map((carrier) => [carrier.name, providerOf(carrier)])),
    routes: {
      rules: carriers.map(({ name, area }) => ({
        name,
        when: { prefix: prefixOf(area) },
        providers: [{ provider: name }],
      })),
    },
  };
}

function providerOf({ window, sinkPort }: Carrier): object {
  if (window !== null) {
    return { type: 'smpp', host: '127.0.0.1', port: sinkPort, system_id: 'bench', password: 'secret', window };
  }
  const names = ['from', 'text', 'reference', 'validity_seconds'];
  return {
    type: 'http',
    request: {
      method: 'POST',
      url: `http://127.0.0.1:${sinkPort}/send`,
      body: { json: { to: '{{to_digits}}', ...Object.fromEntries(names.map((name) => [name, `{{${name}}}`])) } },
    },
    provider_id: { json: '/id' },
  };
}

/** Each profile has one of its own on the same server. */
export async function createDatabase(url: string, name: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const own = new URL(url);
  own.pathname = name;
  return own.href;
}
