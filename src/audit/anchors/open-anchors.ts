import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import { ConfigError } from '../../lib/config-error.ts';
import { createHttpClient } from '../../lib/http-client.ts';
import type { Loop } from '../../lib/loop.ts';
import { createSchemaCheck } from '../../lib/schema-check.ts';
import { newestCheckpoint, readCheckpoints } from '../log/checkpoints.ts';
import { type Outlet, type OutletLog, openOutlet } from '../outlet.ts';
import type { Anchor, AnchorDeps } from './anchor.ts';
import { anchorTypes } from './registry.ts';

/** An anchor as the configuration file has it: what its type says, and what every type has. */
export interface AnchorConfig {
  name: string;
  type: string;
  [member: string]: unknown;
}

export interface OpenAnchorsDeps {
  db: Database;
  now: Now;
  log: OutletLog;
  registry: Registry;
  /** Where they are configured, for messages. */
  file: string;
}

/** Everything that checkpoints are told to, by name. */
export interface Anchors extends Loop {
  outlets: ReadonlyMap<string, Outlet>;
}

export async function openAnchors(configured: readonly AnchorConfig[], deps: OpenAnchorsDeps): Promise<Anchors> {
  const { db, now, log } = deps;
  // Where the operator says, which may be within the own network.
  const http = createHttpClient({ maxAnswerBytes: 65_536, connectionsPerOrigin: 2 });
  const newest = await newestCheckpoint(db.kysely);
  const outlets = new Map<string, Outlet>();
  for (const [index, config] of configured.entries()) {
    const place = `${deps.file}: /audit/anchors/${index}`;
    if (outlets.has(config.name)) throw new ConfigError(`${place}/name is the name of another anchor`);
    const { put, batch } = await createAnchor(config, place, { http });
    const outlet = await openOutlet({
      db,
      name: `anchor/${config.name}`,
      now,
      log,
      // The newest vouches for all before it.
      first: newest?.number ?? 1,
      end: async () => ((await newestCheckpoint(db.kysely))?.number ?? 0) + 1,
      async tell(next, signal) {
        const checkpoints = await readCheckpoints(db.kysely, next, batch);
        await put(checkpoints, signal);
        return next + checkpoints.length;
      },
    });
    outlets.set(config.name, outlet);
  }
  watchAnchors(outlets, deps);
  const all = [...outlets.values()];
  return {
    outlets,
    start: () => all.forEach((outlet) => void outlet.start()),
    wake: () => all.forEach((outlet) => void outlet.wake()),
    async stop() {
      await Promise.all(all.map((outlet) => outlet.stop()));
      await http.close();
    },
  };
}

async function createAnchor({ name: _, type, ...own }: AnchorConfig, place: string, deps: AnchorDeps): Promise<Anchor> {
  const load = Object.hasOwn(anchorTypes, type) ? anchorTypes[type] : undefined;
  if (!load) throw new ConfigError(`${place}/type must be one of ${Object.keys(anchorTypes).join(', ')}`);
  const { schema, create } = await load();
  const config = structuredClone(own);
  const [problem] = createSchemaCheck(schema, { defaults: true })(config);
  if (problem) throw new ConfigError(`${place}${problem.pointer} ${problem.message}`);
  return create(config as never, deps);
}

function watchAnchors(outlets: ReadonlyMap<string, Outlet>, { db, now, registry }: OpenAnchorsDeps): void {
  if (outlets.size === 0) return;
  const gauge = (name: string, help: string, read: (outlet: Outlet) => Promise<number>) =>
    new Gauge({
      name: `countersign_audit_anchor_${name}`,
      help,
      labelNames: ['anchor'],
      registers: [registry],
      async collect() {
        for (const [anchor, outlet] of outlets) {
          const value = await read(outlet).catch(() => null);
          if (value === null) this.remove({ anchor });
          else this.set({ anchor }, value);
        }
      },
    });
  gauge('behind', 'Checkpoints that the anchor has not got yet.', async (outlet) => (await outlet.state()).behind);
  gauge('lag_seconds', 'Age of the oldest of them.', async (outlet) => {
    const [oldest] = await readCheckpoints(db.kysely, (await outlet.state()).next, 1);
    return oldest ? Math.max(0, now() - oldest.created_at) / 1000 : 0;
  });
}
