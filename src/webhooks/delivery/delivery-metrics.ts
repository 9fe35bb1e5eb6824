import { type Kysely, sql } from 'kysely';
import { Counter, Gauge } from 'prom-client';
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
    help: 'Age of the oldest event in the log that an enabled endpoint has not been tried with.',
    labelNames: ['endpoint'],
    registers,
    async collect() {
      this.reset();
      const lags = await readLags(db, now()).catch(() => []);
      for (const { endpoint_id, oldest } of lags) {
        this.set({ endpoint: endpoint_id }, oldest === null ? 0 : Math.max(0, now() - oldest) / 1_000);
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

/** Of each endpoint, when the oldest event it waits for happened. */
async function readLags(db: Kysely<Schema>, now: number): Promise<{ endpoint_id: string; oldest: number | null }[]> {
  const { rows } = await sql<{ endpoint_id: string; oldest: number | null }>`
    select c.endpoint_id, (
      select leaf.created_at from audit_leaves leaf
      where leaf.project_id = c.project_id and leaf.mode = c.mode and leaf.log_index >= c.next
        and leaf.created_at <= ${now}
      order by leaf.log_index limit 1
    ) as oldest
    from webhook_cursors c
  `.execute(db);
  return rows;
}
