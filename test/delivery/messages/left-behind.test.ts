import { expect, test } from 'vitest';
import type { Database } from '../../../src/db/open.ts';
import { cancelMessage } from '../../../src/delivery/messages/cancel.ts';
import type { SendVerdict } from '../../../src/delivery/provider.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { failed, openDeliveryRig } from '../delivery-rig.ts';
import { sender } from './send.ts';

const LEASE_MS = 15_000;
const HOUR = 3_600_000;
const caller = { project: 'prj_a', mode: 'live', actor: 'key_a' } as const;

await onEachDialect('no message is left behind', ({ open }) => {
  /** A message whose process has called the carrier and slept through its lease. */
  async function startSleeper(db: Database) {
    const rig = await openDeliveryRig(db);
    const answer = Promise.withResolvers<SendVerdict>();
    rig.carrier().planned.push(() => answer.promise);
    const { message } = await sender(db, rig)();
    const asleep = rig.delivery.worker.runDue();
    while (rig.carrier().sent.length === 0) await new Promise(setImmediate);
    rig.clock.now += LEASE_MS;
    const wakeUp = async (verdict: SendVerdict) => {
      answer.resolve(verdict);
      await asleep;
    };
    return { ...rig, message, wakeUp };
  }

  test('when its process wakes up after it was given up, and knows that it was not sent', async () => {
    const db = await open();
    const { message, wakeUp, work, clock, carrier, messages } = await startSleeper(db);
    await work();
    expect(await messages()).toMatchObject([{ id: message.id, status: 'unknown' }]);
    await wakeUp(failed);
    clock.now += HOUR;
    await work();
    expect(await messages()).toMatchObject([{ status: 'sent', attempts: 2 }]);
    expect(carrier().sent).toHaveLength(2);
  });

  test('when its process wakes up while another one gives it up', async () => {
    const db = await open();
    const { wakeUp, work, clock, messages } = await startSleeper(db);
    let isAwake = false;
    const other = await openDeliveryRig({
      ...db,
      async batch(options, run) {
        if (!isAwake) {
          isAwake = true;
          await wakeUp(failed);
        }
        return db.batch(options, run);
      },
    });
    other.clock.now = clock.now;
    await other.delivery.worker.runDue();
    clock.now += HOUR;
    await work();
    expect(await messages()).toMatchObject([{ status: 'sent', attempts: 2 }]);
  });

  test('when working on it fails again and again: it has failed, and that is told', async () => {
    const db = await open();
    const rig = await openDeliveryRig(db);
    const { message } = await sender(db, rig)();
    await db.kysely.updateTable('messages').set({ content: '{' }).execute();
    for (let round = 0; round < 15; round += 1) {
      await rig.work();
      rig.clock.now += 300_000;
    }
    expect(await rig.messages()).toMatchObject([{ status: 'failed', reason: 'internal_error' }]);
    expect((await rig.events()).map(({ type }) => type)).toEqual(['message.accepted', 'message.failed']);
    expect(await db.kysely.selectFrom('jobs').selectAll().execute()).toMatchObject([
      { id: message.id, due_at: null, reason: 'SyntaxError' },
    ]);
  });

  test('one that a carrier may have is not called off', async () => {
    const db = await open();
    const rig = await openDeliveryRig(db, {
      carriers: { first: {}, second: {} },
      routes: {
        rules: [
          {
            ...{ name: 'all', when: {}, strategy: 'ordered', failover_after_seconds: 60 },
            providers: [
              { provider: 'first', weight: 1 },
              { provider: 'second', weight: 1 },
            ],
          },
        ],
      } as never,
    });
    const { message } = await sender(db, rig)();
    await rig.work();
    rig.clock.now += 60_000;
    await rig.delivery.watch(rig.clock.now);
    expect(await rig.messages()).toMatchObject([{ status: 'queued', attempts: 1 }]);
    const result = await cancelMessage(db, rig.delivery.queue, caller, message.id, rig.clock.now);
    expect(result).toEqual({ kind: 'too_late', status: 'queued' });
  });
});
