import { Type } from 'typebox';
import type { Database } from '../../db/open.ts';
import { feedEnd, readFeed, readLeaves } from '../feed.ts';
import { fillOutletConfig, type OutletConfig, type OutletDeps, type Outlets, openOutlets, typeOf } from '../outlets.ts';
import { SyslogTargetSchema } from '../syslog-target.ts';
import { SINK_FORMATS, type Sink, type SinkFormat, toRecords } from './sink.ts';

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

interface SinkType {
  schema: { properties: object };
  create(config: never): Sink;
}

/** Each is loaded only where it is used. */
const types: Record<string, () => Promise<SinkType>> = {
  async syslog() {
    return { schema: SyslogTargetSchema, create: (await import('./syslog-sink.ts')).syslogSink };
  },
  async http() {
    const { HttpSinkSchema: schema, httpSink: create } = await import('./http-sink.ts');
    return { schema, create };
  },
};

/** Every system that events are shipped to. */
export function openSinks(configured: readonly OutletConfig[], deps: OutletDeps): Promise<Outlets> {
  const { db } = deps;
  const end = () => feedEnd(db.kysely);
  return openOutlets(
    {
      kind: 'sink',
      content: 'Events',
      async create(config, place) {
        const { sink, format, from } = await createSink(config, place);
        return {
          first: from === 'now' ? await end() : 0,
          end,
          tell: createTell(db, sink, format),
          close: async () => sink.close?.(),
        };
      },
      madeAt: async (next) => (await readLeaves(db.kysely, { from: next, limit: 1 }))[0]?.at,
    },
    configured,
    deps,
  );
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

async function createSink({ name: _, type, ...given }: OutletConfig, place: string): Promise<Common & { sink: Sink }> {
  const { schema, create } = await typeOf(types, type, place)();
  const whole = { ...schema, properties: { ...schema.properties, ...common } };
  const { format, from, ...own } = fillOutletConfig(whole, given, place) as Common;
  return { format, from, sink: create(own as never) };
}
