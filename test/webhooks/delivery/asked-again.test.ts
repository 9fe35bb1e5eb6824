import { expect, it } from 'vitest';
import type { NewEndpoint } from '../../../src/webhooks/endpoints/create-endpoint.ts';
import { purgeDeliveries } from '../../../src/webhooks/purge-deliveries.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { openForEach } from './open-for-each.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { OWNER, type Rig, START } from './rig.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const ORDERED: Partial<NewEndpoint> = { events: ['verification.*'], ordering: 'per_object' };
const FIRST = { verificationId: 'ver_1' };

await onEachDialect('what is asked for again', (databases) => {
  let rig: Rig;
  let receiver: Receiver;
  openForEach(databases, (...opened) => {
    [rig, receiver] = opened;
  });

  /** Lets the receiver answer what it has only after something was done. */
  async function whileUnderWay(status: number, happens: () => Promise<unknown>): Promise<void> {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    receiver.answer(() => (response) => {
      begin();
      void mayEnd.then(() => response.writeHead(status).end('noted'));
    });
    const running = rig.webhooks.dispatcher.runDue();
    await begun;
    await happens();
    receiver.answer(() => 200);
    end();
    await running;
  }

  it.each([500, 200])(
    'while an attempt is under way goes out once more, whatever comes of that (%i)',
    async (status) => {
      const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
      receiver.answer(() => 500);
      const [event = ''] = await rig.raise({});
      for (let failed = 1; failed < 9; failed += 1) await rig.advance();
      const [delivery] = await rig.deliveries(id);
      expect(delivery).toMatchObject({ status: 'pending', attempts: 9, step: 9 });
      rig.clock.now = delivery?.next_at ?? 0;
      await whileUnderWay(status, () => rig.retry(id, delivery?.id ?? ''));
      while (await rig.advance());
      expect(receiver.ids()).toEqual(Array.from({ length: 11 }, () => event));
      expect(await rig.deliveries(id)).toMatchObject([{ status: 'delivered', attempts: 11, step: 1 }]);
    },
  );

  it('goes out after what is older of its object, and never beside it', async () => {
    const { id } = await rig.endpoint(receiver.url, ORDERED);
    receiver.answer(() => 500);
    const [a = '', b = '', c = ''] = await rig.raise(FIRST, FIRST, FIRST);
    expect(receiver.ids()).toEqual([a]);
    const rows = await rig.deliveries(id);
    for (const row of rows.toReversed()) await rig.retry(id, row.id);
    expect((await rig.deliveries(id)).map(({ next_at }) => next_at)).toEqual([rig.clock.now, null, null]);
    await rig.deliver();
    expect(receiver.ids()).toEqual([a, a]);
    receiver.answer(() => 200);
    await rig.advance();
    expect(receiver.ids()).toEqual([a, a, a, b, c]);
    await rig.retry(id, rows[1]?.id ?? '');
    await rig.deliver();
    expect(receiver.ids().at(-1)).toBe(b);
    expect(await rig.advance()).toBe(false);
  });

  it('keeps to the order where something older is asked for while something newer is under way', async () => {
    const { id } = await rig.endpoint(receiver.url, ORDERED);
    const [a = ''] = await rig.raise(FIRST);
    const [row] = await rig.deliveries(id);
    const [b = ''] = await rig.seal(FIRST);
    await whileUnderWay(500, () => rig.retry(id, row?.id ?? ''));
    await rig.deliver();
    while (await rig.advance());
    expect(receiver.ids()).toEqual([a, b, a, b]);
    expect((await rig.deliveries(id)).map(({ status }) => status)).toEqual(['delivered', 'delivered']);
  });

  it('by a replay, several of one object, keeps to the order when they fail again', async () => {
    const { id } = await rig.endpoint(receiver.url, ORDERED);
    let broken: string[] = [];
    receiver.answer((one) => (broken.includes(one.id) ? 500 : 200));
    broken = await rig.record(FIRST, FIRST);
    await rig.raise();
    // As they are after days.
    const over = rig.db.kysely.updateTable('webhook_deliveries').set({ status: 'exhausted', next_at: null });
    await over.where('endpoint_id', '=', id).execute();
    const [a = '', b = ''] = broken;
    const before = receiver.received.length;
    await rig.replay(id, START);
    await rig.deliver();
    expect(receiver.ids().slice(before)).toEqual([a]);
    broken = [];
    while (await rig.advance());
    expect(receiver.ids().slice(before)).toEqual([a, a, b]);
  });

  it('from a time of which nobody knows any more what was delivered is refused, and from then on sends nothing twice', async () => {
    const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
    const [first = ''] = await rig.raise({});
    rig.clock.now += 10 * DAY;
    const since = rig.clock.now;
    const [second = ''] = await rig.raise({});
    await rig.disable(id);
    const [missed = ''] = await rig.seal({});
    rig.clock.now += 25 * DAY;
    await rig.enable(id);
    const { db } = rig;
    const purge = { ...OWNER, before: START + 5 * DAY, limit: 100 };
    expect(await db.kysely.transaction().execute((trx) => purgeDeliveries(trx, db.dialect, purge))).toBe(1);
    expect(await rig.replay(id, START)).toEqual({ kind: 'too_old', until: START });
    expect(await rig.replay(id, START + 1)).toEqual({ kind: 'queued' });
    await rig.deliver();
    expect(receiver.ids()).toEqual([first, second, missed]);
    expect(await rig.replay(id, since)).toEqual({ kind: 'queued' });
    await rig.deliver();
    expect(receiver.received).toHaveLength(3);
  });

  it('another URL ends a hold: what waits goes there at once', async () => {
    await using next = await openReceiver();
    const { id } = await rig.endpoint(receiver.url, { events: ['verification.*'] });
    receiver.answer(() => 500);
    const ids = await rig.raise(...Array.from({ length: 12 }, () => ({})));
    rig.clock.now += HOUR;
    await rig.deliver();
    expect((await rig.cursor(id))?.failures).toBeGreaterThanOrEqual(10);
    const tried = receiver.received.length;
    await rig.change(id, { url: next.url });
    await rig.deliver();
    expect(receiver.received).toHaveLength(tried);
    expect(next.ids().toSorted()).toEqual(ids.toSorted());
    expect(await rig.cursor(id)).toMatchObject({ failures: 0, failing_since: null });
    // Not when something else is changed.
    next.answer(() => 500);
    await rig.raise(...Array.from({ length: 12 }, () => ({})));
    const { failures } = (await rig.cursor(id)) ?? {};
    await rig.change(id, { description: 'another' });
    expect((await rig.cursor(id))?.failures).toBe(failures);
  });
});
