import { Gauge, type Registry } from 'prom-client';
import { Type } from 'typebox';
import type { Database } from '../../db/open.ts';
import type { Now } from '../../lib/clock.ts';
import { ConfigError } from '../../lib/config-error.ts';
import type { Loop } from '../../lib/loop.ts';
import { createSchemaCheck } from '../../lib/schema-check.ts';
import { feedEnd, readFeed, readLeaves } from '../feed.ts';
import { type Outlet, type OutletLog, openOutlet } from '../outlet.ts';
import { HttpSinkSchema, httpSink } from './http-sink.ts';
import { SINK_FORMATS, type Sink, type SinkFormat, toRecords } from './sink.ts';
import { SyslogSinkSchema, syslogSink } from './syslog-sink.ts';

/** A sink as the configuration file has it: what its type says, and what every type has. */
export interface SinkConfig {
  name: string;
  type: string;
  [member: string]: unknown;
}

export interface OpenSinksDeps {
  db: Database;
  now: Now;
  log: OutletLog;
  registry: Registry;
  /** Where they are configured, for messages. */
  file: string;
}

/** Every system that events are shipped to, by name. */
export interface Sinks extends Loop {
  outlets: ReadonlyMap<string, Outlet>;
}

/** Events of one portion. */
const PORTION = 500;

/** Of every type. */
const common = {
  format: Type.Enum([...SINK_FORMATS], { default: 'json' }),
  from: Type.Enum(['start', 'now'], { default: 'start' }),
};
interface Common {
  format: SinkFormat;
  from: 'start' | 'now';
}

const types: Record<string, { schema: { properties: object }; create(config: never): Sink }> = {
  syslog: { schema: SyslogSinkSchema, create: syslogSink },
  http: { schema: HttpSinkSchema, create: httpSink },
};

export async function openSinks(configured: readonly SinkConfig[], deps: OpenSinksDeps): Promise<Sinks> {
  const { db, now, log } = deps;
  const outlets = new Map<string, Outlet>();
  const sinks: Sink[] = [];
  for (const [index, { name, type, ...own }] of configured.entries()) {
    const place = `${deps.file}: /audit/sinks/${index}`;
    if (outlets.has(name)) throw new ConfigError(`${place}/name is the name of another sink`);
    const { sink, format, from } = createSink(type, own, place);
    sinks.push(sink);
    const first = from === 'now' ? await feedEnd(db.kysely) : 0;
    const end = () => feedEnd(db.kysely);
    const tell = createTell(db, sink, format);
    outlets.set(name, await openOutlet({ db, name: `sink/${name}`, now, log, first, end, tell }));
  }
  watchSinks(outlets, deps);
  const all = [...outlets.values()];
  return {
    outlets,
    start: () => all.forEach((outlet) => void outlet.start()),
    wake: () => all.forEach((outlet) => void outlet.wake()),
    async stop() {
      await Promise.all(all.map((outlet) => outlet.stop()));
      await Promise.all(sinks.map((sink) => sink.close?.()));
    },
  };
}

/** Portions shrink while they fail: what is too much for a slow line or a receiver's limit gets through in the end. */
function createTell(db: Database, sink: Sink, format: SinkFormat) {
  let limit = PORTION;
  return async (next: number, signal: AbortSignal): Promise<number> => {
    const entries = await readFeed(db.kysely, { from: next, limit });
    const last = entries.at(-1);
    if (!last) return next;
    const records = toRecords(entries, format);
    try {
      if (records.length > 0) await sink.ship(records, signal);
    } catch (error) {
      limit = Math.max(1, Math.floor(limit / 2));
      throw error;
    }
    limit = Math.min(PORTION, limit * 2);
    return last.logIndex + 1;
  };
}

function createSink(type: string, given: object, place: string): Common & { sink: Sink } {
  const known = Object.hasOwn(types, type) ? types[type] : undefined;
  if (!known) throw new ConfigError(`${place}/type must be one of ${Object.keys(types).join(', ')}`);
  const schema = { ...known.schema, properties: { ...known.schema.properties, ...common } };
  const config = structuredClone(given);
  const [problem] = createSchemaCheck(schema, { defaults: true })(config);
  if (problem) throw new ConfigError(`${place}${problem.pointer} ${problem.message}`);
  const { format, from, ...own } = config as Common;
  return { format, from, sink: known.create(own as never) };
}

function watchSinks(outlets: ReadonlyMap<string, Outlet>, { db, now, registry }: OpenSinksDeps): void {
  if (outlets.size === 0) return;
  const gauge = (name: string, help: string, read: (outlet: Outlet) => Promise<number>) =>
    new Gauge({
      name: `countersign_audit_sink_${name}`,
      help,
      labelNames: ['sink'],
      registers: [registry],
      async collect() {
        for (const [sink, outlet] of outlets) {
          const value = await read(outlet).catch(() => null);
          if (value === null) this.remove({ sink });
          else this.set({ sink }, value);
        }
      },
    });
  gauge('behind', 'Events that the sink has not got yet.', async (outlet) => (await outlet.state()).behind);
  gauge('lag_seconds', 'Age of the oldest of them.', async (outlet) => {
    const [oldest] = await readLeaves(db.kysely, { from: (await outlet.state()).next, limit: 1 });
    return oldest ? Math.max(0, now() - oldest.at) / 1000 : 0;
  });
}
