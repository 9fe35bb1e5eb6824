import type { Selectable } from 'kysely';
import { type FeedEntry, readFeed, readFeedAt } from '../../audit/feed.ts';
import type { Database } from '../../db/open.ts';
import type { WebhookReplayTable } from '../../db/schema/webhooks.ts';
import type { Target } from './attempt.ts';
import type { Delivery } from './delivery.ts';

export type Replay = Selectable<WebhookReplayTable>;

/** What an endpoint has to do. */
export interface ReadWork {
  /** Deliveries whose next attempt is due, the longest due first. */
  due(endpoint: string, now: number, limit: number): Promise<Delivery[]>;
  entriesAt(indexes: readonly number[]): Promise<FeedEntry[]>;
  /** Of the target's project, mode and types, from one index up to another. */
  log(target: Target, range: { from: number; before: number; limit: number }): Promise<FeedEntry[]>;
  /** Deliveries there are already. */
  deliveriesIn(endpoint: string, range: { from: number; before: number }): Promise<Map<number, Delivery>>;
  /** The highest index that has a delivery; -1 without any. */
  lastDelivery(endpoint: string): Promise<number>;
  /** Those of these objects that have a delivery which is not over. */
  waitingObjects(endpoint: string, objects: readonly string[]): Promise<string[]>;
  replays(endpoint: string): Promise<Replay[]>;
}

/** Endpoints of one project that have come equally far read the same; who asks a moment later reads anew. */
const KEPT = 32;

export function createReadWork({ kysely }: Pick<Database, 'kysely'>): ReadWork {
  const recent = new Map<string, Promise<FeedEntry[]>>();

  function share(key: string, read: () => Promise<FeedEntry[]>): Promise<FeedEntry[]> {
    const kept = recent.get(key);
    if (kept) return kept;
    const reading = read();
    recent.set(key, reading);
    reading.catch(() => recent.delete(key));
    const [oldest] = recent.keys();
    if (recent.size > KEPT && oldest !== undefined) recent.delete(oldest);
    return reading;
  }

  const of = (endpoint: string) => kysely.selectFrom('webhook_deliveries').where('endpoint_id', '=', endpoint);

  return {
    due: (endpoint, now, limit) =>
      of(endpoint).selectAll().where('next_at', '<=', now).orderBy('next_at').limit(limit).execute(),

    entriesAt: (indexes) => readFeedAt(kysely, indexes),

    log({ project, mode, events }, { from, before, limit }) {
      return share(JSON.stringify([project, mode, events, from, before, limit]), () =>
        readFeed(kysely, { from, before, of: { project, mode }, types: events, limit }),
      );
    },

    async deliveriesIn(endpoint, { from, before }) {
      const rows = await of(endpoint)
        .selectAll()
        .where('log_index', '>=', from)
        .where('log_index', '<', before)
        .execute();
      return new Map(rows.map((row) => [row.log_index, row]));
    },

    async lastDelivery(endpoint) {
      const row = await of(endpoint).select('log_index').orderBy('log_index', 'desc').limit(1).executeTakeFirst();
      return row?.log_index ?? -1;
    },

    async waitingObjects(endpoint, objects) {
      if (objects.length === 0) return [];
      const rows = await of(endpoint)
        .select('object_id')
        .distinct()
        .where('object_id', 'in', objects)
        .where('status', '=', 'pending')
        .execute();
      return rows.flatMap(({ object_id }) => object_id ?? []);
    },

    replays: (endpoint) =>
      kysely.selectFrom('webhook_replays').selectAll().where('endpoint_id', '=', endpoint).orderBy('since').execute(),
  };
}
