import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { openAuditLog } from '../../../src/audit/log/open-audit-log.ts';
import type { Database } from '../../../src/db/open.ts';
import { createMetrics } from '../../../src/http/metrics.ts';
import { createKeyring } from '../../../src/lib/keyring.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { insertSome } from './insert-some-events.ts';

const START = Date.parse('2027-01-15T08:00:00.000Z');
const keyring = createKeyring([randomBytes(32)]);

async function openLog(db: Database) {
  const clock = { now: START };
  const errors: [string, object][] = [];
  const metrics = createMetrics();
  const log = {
    error: (details: object, message: string) => void errors.push([message, details]),
    warn: (details: object, message: string) => void errors.push([message, details]),
    info: () => {},
  };
  const { keeper } = await openAuditLog({
    ...{ db, keyring, log, metrics, now: () => clock.now, checkpointSeconds: 30, anchors: [], file: '' },
    origin: 'otp.example.com/audit',
  });
  keeper.start();
  return {
    errors,
    add: (...numbers: number[]) =>
      numbers.reduce<Promise<unknown>>(
        (before, sequence) =>
          before.then(() => insertSome(db, 1, { sequence, verificationId: 'ver_two', at: clock.now })),
        Promise.resolve(),
      ),
    /** What the process does in the background: when the second checkpoint is there, it has looked at the first. */
    async work() {
      for (let more = 0; more < 2; more += 1) {
        const before = await newestNumber(db);
        clock.now += 30_000;
        keeper.wake();
        while ((await newestNumber(db)) === before) await new Promise(setImmediate);
      }
    },
    stop: () => keeper.stop(),
    metric: async (name: string) =>
      (await metrics.registry.getSingleMetric(`countersign_${name}`)?.get())?.values[0]?.value,
  };
}

async function newestNumber({ kysely }: Database): Promise<number> {
  const newest = kysely.selectFrom('audit_checkpoints').select('number').orderBy('number', 'desc').limit(1);
  return (await newest.executeTakeFirst())?.number ?? 0;
}

const DROP_TRIGGER = {
  sqlite: sql`drop trigger events_unsealed`,
  postgres: sql`drop trigger events_unsealed on events`,
};

await onEachDialect('a watch over what is sealed', (databases) => {
  it('says that an event was deleted before it was sealed, once', async () => {
    const db = await databases.open();
    const { add, work, errors, metric, stop } = await openLog(db);
    await add(1, 2);
    await work();
    await add(3, 4);
    await db.kysely.deleteFrom('events').where('sequence', '=', 3).execute();
    await work();
    await add(5);
    await work();
    await stop();
    const message = 'the event before this one was gone before it was sealed: somebody may have deleted it';
    expect(errors).toEqual([[message, { log_index: 2, verification_id: 'ver_two', sequence: 4 }]]);
    expect(await metric('audit_events_missing_total')).toBe(1);
  });

  it('says that events are sealed no more when their trigger is gone', async () => {
    const db = await databases.open();
    const { add, work, errors, metric, stop } = await openLog(db);
    await add(1, 2);
    await work();
    expect(await metric('events_unsealed_age_seconds')).toBe(0);
    await DROP_TRIGGER[db.dialect].execute(db.kysely);
    await add(3);
    await work();
    await stop();
    expect(errors[0]?.[0]).toBe('events are no longer sealed: is the trigger on their table gone?');
    expect(await metric('events_unsealed_age_seconds')).toBe(60);
  });
});
