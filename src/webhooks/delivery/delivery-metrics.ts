import type { Kysely } from 'kysely';
import { Counter, Gauge } from 'prom-client';
import { feedEnd, readFeed } from '../../audit/feed.ts';
import type { Schema } from '../../db/schema.ts';
import type { Metrics } from '../../http/metrics.ts';
import type { Now } from '../../lib/clock.ts';
import { isHeld } from './health.ts';
import type { DeliveryResult } from './runner.ts';

/** Of each endpoint, an id that callers know: as many as endpoints were made. */
export function watchDeliveries({ registry }: Metrics, db: Kysely<Schema>, now: Now): (result: DeliveryResult) => void {
  const registers = [registry];
  const attempts = new Counter({
    name: 'countersign_webhook_attempts_total',
    help: 'Attempts to deliver a webhook, by result.',
    labelNames: ['result'],
    registers,
  });
  new Gauge({
    name: 'countersign_webhook_lag_seconds',
    help: 'Age of the oldest event in the log that an enabled endpoint waits for.',
    labelNames: ['endpoint'],
    registers,
    async collect() {
      this.reset();
      const lags = await readLags(db).catch(() => []);
      for (const { id, oldest } of lags) {
        this.set({ endpoint: id }, oldest === null ? 0 : Math.max(0, now() - oldest) / 1_000);
      }
    },
  });
  new Gauge({
    name: 'countersign_webhook_endpoints_failing',
    help: 'Enabled endpoints that take nothing and are only tried from time to time.',
    registers,
    async collect() {
      const cursors = await db
        .selectFrom('webhook_cursors')
        .select('failures')
        .execute()
        .catch(() => null);
      if (cursors) this.set(cursors.filter(({ failures }) => isHeld(failures)).length);
      else this.remove();
    },
  });
  return (result) => attempts.inc({ result });
}

/** Of each endpoint, when the oldest event it waits for happened; null: it waits for none. */
async function readLags(db: Kysely<Schema>): Promise<{ id: string; oldest: number | null }[]> {
  const end = await feedEnd(db);
  const cursors = await db
    .selectFrom('webhook_cursors')
    .innerJoin('webhook_endpoints', 'id', 'endpoint_id')
    .select(['id', 'webhook_cursors.project_id as project', 'webhook_cursors.mode', 'next', 'events'])
    .execute();
  const lags: { id: string; oldest: number | null }[] = [];
  for (const { id, project, mode, next, events } of cursors) {
    const range = { from: next, before: end, of: { project, mode }, types: JSON.parse(events), limit: 1 };
    const [oldest] = next < end ? await readFeed(db, range) : [];
    lags.push({ id, oldest: oldest?.at ?? null });
  }
  return lags;
}
