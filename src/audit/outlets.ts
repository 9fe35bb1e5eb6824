import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../db/open.ts';
import type { Now } from '../lib/clock.ts';
import { ConfigError } from '../lib/config-error.ts';
import type { Loop } from '../lib/loop.ts';
import { createSchemaCheck } from '../lib/schema-check.ts';
import { type Outlet, type OutletLog, type OutletOptions, openOutlet } from './outlet.ts';

/** An outlet as the configuration file has it: what its type says, and what every type has. */
export interface OutletConfig {
  name: string;
  type: string;
  [member: string]: unknown;
}

export interface OutletDeps {
  db: Database;
  now: Now;
  log: OutletLog;
  registry: Registry;
  /** Where they are configured, for messages. */
  file: string;
}

/** All outlets of a kind, by name. */
export interface Outlets extends Loop {
  outlets: ReadonlyMap<string, Outlet>;
}

/** What one outlet tells, and from where on. */
export type Teller = Pick<OutletOptions, 'first' | 'end' | 'tell'> & { close?(): Promise<void> };

export interface OutletKind {
  kind: 'anchor' | 'sink';
  /** What it is told, in the plural. */
  content: string;
  /** Makes one of the configured ones; `place` is where in the file it is. */
  create(config: OutletConfig, place: string): Promise<Teller>;
  /** When that was made that is next, ms. */
  madeAt(next: number): Promise<number | undefined>;
}

export async function openOutlets(
  { kind, content, create, madeAt }: OutletKind,
  configured: readonly OutletConfig[],
  { db, now, log, registry, file }: OutletDeps,
): Promise<Outlets> {
  const outlets = new Map<string, Outlet>();
  const tellers: Teller[] = [];
  for (const [index, config] of configured.entries()) {
    const place = `${file}: /audit/${kind}s/${index}`;
    if (outlets.has(config.name)) throw new ConfigError(`${place}/name is the name of another ${kind}`);
    const teller = await create(config, place);
    tellers.push(teller);
    const { first, end, tell } = teller;
    outlets.set(config.name, await openOutlet({ db, name: `${kind}/${config.name}`, now, log, first, end, tell }));
  }
  const gauge = (name: string, help: string, read: (outlet: Outlet) => Promise<number>) =>
    watchOutlets(outlets, { kind, name, help, read, registry });
  gauge('behind', `${content} that the ${kind} has not got yet.`, async (outlet) => (await outlet.state()).behind);
  gauge('lag_seconds', 'Age of the oldest of them.', async (outlet) => {
    const at = await madeAt((await outlet.state()).next);
    return at === undefined ? 0 : Math.max(0, now() - at) / 1000;
  });
  const all = [...outlets.values()];
  return {
    outlets,
    start: () => all.forEach((outlet) => void outlet.start()),
    wake: () => all.forEach((outlet) => void outlet.wake()),
    async stop() {
      await Promise.all(all.map((outlet) => outlet.stop()));
      await Promise.all(tellers.map((teller) => teller.close?.()));
    },
  };
}

/** That type's entry, or the operator is told which there are. */
export function typeOf<T>(types: Readonly<Record<string, T>>, type: string, place: string): T {
  const known = Object.hasOwn(types, type) ? types[type] : undefined;
  if (known === undefined) throw new ConfigError(`${place}/type must be one of ${Object.keys(types).join(', ')}`);
  return known;
}

/** A copy with what the schema has by default. */
export function fillOutletConfig(schema: object, given: object, place: string): object {
  const config = structuredClone(given);
  const [problem] = createSchemaCheck(schema, { defaults: true })(config);
  if (problem) throw new ConfigError(`${place}${problem.pointer} ${problem.message}`);
  return config;
}

interface Figure {
  kind: OutletKind['kind'];
  name: string;
  help: string;
  read(outlet: Outlet): Promise<number>;
  registry: Registry;
}

/** A figure that cannot be read is left out. */
function watchOutlets(outlets: ReadonlyMap<string, Outlet>, { kind, name, help, read, registry }: Figure): void {
  if (outlets.size === 0) return;
  new Gauge({
    name: `countersign_audit_${kind}_${name}`,
    help,
    labelNames: [kind],
    registers: [registry],
    async collect() {
      for (const [label, outlet] of outlets) {
        const value = await read(outlet).catch(() => null);
        if (value === null) this.remove({ [kind]: label });
        else this.set({ [kind]: label }, value);
      }
    },
  });
}
