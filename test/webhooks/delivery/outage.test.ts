import { expect, it } from 'vitest';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { openForEach } from './open-for-each.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { manyEvents, type Rig, START } from './rig.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TYPES = { events: ['verification.*'] };

await onEachDialect('a receiver that is away', (databases) => {
  let rig: Rig;
  let receiver: Receiver;
  openForEach(
    databases,
    (...opened) => {
      [rig, receiver] = opened;
    },
    { timeoutMs: 300_000 },
  );

  const times = () => Map.groupBy(receiver.received, ({ id }) => id);

  it('for six hours gets everything within minutes of its return, and no more at once than it can take', async () => {
    const { id } = await rig.endpoint(receiver.url, TYPES);
    receiver.answer(() => 500);
    const ids: string[] = [];
    for (let hour = 0; hour < 6; hour += 1) {
      ids.push(...(await rig.raise(...manyEvents(50))));
      await rig.pass(HOUR);
    }
    // It is held: what it missed waits in the log.
    expect(await rig.deliveries(id)).not.toHaveLength(300);
    expect(receiver.received.length).toBeLessThan(100);

    const tried = receiver.received.length;
    let underWay = 0;
    let most = 0;
    receiver.answer(() => (response) => {
      underWay += 1;
      // The first success is waited for, then as many more go out as succeeded before.
      most = Math.max(most, underWay - (receiver.received.length - tried));
      setImmediate(() => {
        underWay -= 1;
        response.end();
      });
    });
    await rig.pass(40 * MINUTE);
    const delivered = receiver.received.slice(tried);
    expect(new Set(delivered.map((one) => one.id))).toEqual(new Set(ids));
    expect(delivered).toHaveLength(300);
    expect(most).toBeLessThanOrEqual(0);
    const [first, last] = [delivered[0]?.timestamp ?? 0, delivered.at(-1)?.timestamp ?? 0];
    expect(last - first).toBeLessThanOrEqual(600);
  });

  it('for six days is disabled after five, its owner told early; a replay delivers all of it once', async () => {
    const told = await openReceiver();
    const { id } = await rig.endpoint(receiver.url, TYPES);
    await rig.endpoint(told.url, { events: ['webhook_endpoint.failing', 'webhook_endpoint.disabled'] });
    const before = await rig.raise(...manyEvents(3));
    rig.clock.now += 1_000;
    const since = rig.clock.now;
    receiver.answer(() => 500);
    const ids: string[] = await rig.raise(...manyEvents(20));
    await rig.pass(HOUR);
    expect(told.received.map(({ type }) => type)).toEqual(['webhook_endpoint.failing']);
    for (let day = 0; day < 6; day += 1) {
      ids.push(...(await rig.raise(...manyEvents(10))));
      await rig.pass(DAY);
    }
    expect(await rig.status(id)).toEqual({ status: 'disabled', reason: 'failing' });
    expect(told.received.map(({ type }) => type)).toContain('webhook_endpoint.disabled');
    const [{ at }] = (await rig.db.kysely
      .selectFrom('events')
      .select('created_at as at')
      .where('type', '=', 'webhook_endpoint.disabled')
      .execute()) as [{ at: number }];
    expect(at - since).toBeGreaterThanOrEqual(5 * DAY);
    expect(at - since).toBeLessThan(5 * DAY + HOUR);

    receiver.answer(() => 200);
    const tried = receiver.received.length;
    expect(await rig.replay(id, since)).toEqual({ kind: 'disabled' });
    await rig.enable(id);
    expect(await rig.replay(id, since)).toEqual({ kind: 'queued' });
    const after = await rig.raise({});
    await rig.pass(HOUR);
    const delivered = receiver.received.slice(tried).map((one) => one.id);
    expect(delivered.toSorted()).toEqual([...ids, ...after].toSorted());
    expect(delivered).not.toContain(before[0]);
    // Asked for again there is nothing left.
    await rig.replay(id, START);
    await rig.deliver();
    expect(receiver.received).toHaveLength(tried + delivered.length);
    await told[Symbol.asyncDispose]();
  }, 120_000);

  it('gets what happened while it was disabled by a replay only', async () => {
    const { id } = await rig.endpoint(receiver.url, TYPES);
    await rig.disable(id);
    await rig.raise(...manyEvents(5));
    rig.clock.now += MINUTE;
    const since = rig.clock.now;
    const missed = await rig.raise(...manyEvents(100));
    await rig.enable(id);
    const [next] = await rig.raise({});
    expect(receiver.ids()).toEqual([next]);
    await rig.replay(id, since);
    await rig.deliver();
    expect(receiver.ids().slice(1).toSorted()).toEqual(missed.toSorted());
    expect([...times().values()].every((received) => received.length === 1)).toBe(true);
  });

  it('gets a replay also while it is never without something else to do', async () => {
    const { id } = await rig.endpoint(receiver.url, TYPES);
    const before = await rig.raise(...manyEvents(50));
    await rig.disable(id);
    const missed = await rig.raise(...manyEvents(50));
    await rig.enable(id);
    const { promise: all, resolve } = Promise.withResolvers<void>();
    let count = 0;
    receiver.answer((one) => (response) => {
      count += missed.includes(one.id) ? 1 : 0;
      if (count === missed.length) resolve();
      // The first after it was enabled is under way until the end, so the endpoint is never given back.
      if (receiver.received.length === 51) void all.then(() => response.end());
      else response.end();
    });
    rig.webhooks.dispatcher.start();
    await rig.seal({}, {}, {});
    await rig.until(() => receiver.received.length === 53);
    await rig.replay(id, START);
    await rig.seal({});
    await all;
    const received = times();
    expect([...before, ...missed].map((event) => received.get(event)?.length)).toEqual(Array(100).fill(1));
  });

  it('takes one of fifty is not disabled', async () => {
    const { id } = await rig.endpoint(receiver.url, TYPES);
    receiver.answer((_, count) => (count % 50 === 0 ? 200 : 500));
    for (let hours = 0; hours < 6 * 24; hours += 6) {
      await rig.raise(...manyEvents(15));
      await rig.pass(6 * HOUR);
    }
    expect(receiver.received.length).toBeGreaterThan(100);
    expect(await rig.status(id)).toEqual({ status: 'enabled', reason: null });
  }, 120_000);

  it('is not told of itself', async () => {
    const { id } = await rig.endpoint(receiver.url, { events: ['*'] });
    receiver.answer(() => 500);
    await rig.raise(...manyEvents(10));
    await rig.pass(10_000);
    receiver.answer(() => 200);
    await rig.pass(HOUR);
    expect(await rig.events('webhook_endpoint.failing')).toMatchObject([{ endpoint_id: id, failures: 10 }]);
    expect(new Set(receiver.received.map(({ type }) => type))).toEqual(new Set(['verification.approved']));
  });

  it('is tried at once when somebody asks for it, and all else follows', async () => {
    const { id } = await rig.endpoint(receiver.url, TYPES);
    receiver.answer(() => 500);
    const ids = await rig.raise(...manyEvents(30));
    await rig.pass(HOUR);
    receiver.answer(() => 200);
    const tried = receiver.received.length;
    const [delivery] = await rig.deliveries(id);
    expect((await rig.retry(id, delivery?.id ?? '')).kind).toBe('queued');
    await rig.deliver();
    expect(new Set(receiver.ids().slice(tried))).toEqual(new Set(ids));
  });
});
