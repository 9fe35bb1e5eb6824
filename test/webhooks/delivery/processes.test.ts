import { expect, it } from 'vitest';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { openForEach } from './open-for-each.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { manyEvents, type Rig } from './rig.ts';

const TYPES = { events: ['verification.*'] };

await onEachDialect('several processes', (databases) => {
  let rig: Rig;
  let receiver: Receiver;
  openForEach(databases, (...opened) => {
    [rig, receiver] = opened;
  });

  it('share the endpoints out: nothing is delivered twice', async () => {
    const endpoints = await Promise.all(Array.from({ length: 10 }, () => rig.endpoint(receiver.url, TYPES)));
    const processes = [rig.webhooks, rig.another(), rig.another()];
    for (let round = 0; round < 5; round += 1) {
      await rig.seal(...manyEvents(40));
      await Promise.all(processes.map(({ dispatcher }) => dispatcher.runDue()));
    }
    expect(receiver.received).toHaveLength(2_000);
    for (const { id } of endpoints) expect(await rig.deliveries(id)).toHaveLength(200);
  });

  it('one that keeps looking takes up what comes, whoever recorded it', async () => {
    await rig.endpoint(receiver.url, TYPES);
    rig.another().dispatcher.start();
    rig.another().dispatcher.start();
    const { promise: all, resolve } = Promise.withResolvers<void>();
    receiver.answer((_, count) => {
      if (count === 60) resolve();
      return 200;
    });
    const ids: string[] = [];
    for (let round = 0; round < 20; round += 1) ids.push(...(await rig.seal({}, {}, {})));
    await all;
    expect(receiver.ids().toSorted()).toEqual(ids.toSorted());
  });

  it('one that stops lets go of what it has; another goes on where it was', async () => {
    await rig.endpoint(receiver.url, TYPES);
    const leaving = rig.another();
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    receiver.answer((_, count) => (response) => {
      if (count === 50) resolve();
      setImmediate(() => response.end());
    });
    const ids = await rig.seal(...manyEvents(400));
    leaving.dispatcher.start();
    await reached;
    await leaving.dispatcher.stop();
    expect(receiver.received.length).toBeLessThan(400);
    await rig.deliver();
    expect(receiver.ids().toSorted()).toEqual(ids.toSorted());
  });

  it('one that lost its lease neither goes on nor takes anything back', async () => {
    const { id } = await rig.endpoint(receiver.url, TYPES);
    const slow = rig.another();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    receiver.answer((_, count) => (response) => {
      if (count === 2) begin();
      if (count <= 2) void mayEnd.then(() => response.writeHead(500).end());
      else response.end();
    });
    const ids = await rig.seal(...manyEvents(50));
    const running = slow.dispatcher.runDue();
    await begun;
    // Its process stood still for a minute.
    rig.clock.now += 60_000;
    await rig.deliver();
    const cursor = await rig.cursor(id);
    end();
    await running;
    expect(await rig.cursor(id)).toEqual(cursor);
    await rig.deliver();
    // At least once: the two that were under way came twice, with the same ids.
    expect(receiver.ids().slice(2).toSorted()).toEqual(ids.toSorted());
    expect((await rig.deliveries(id)).map(({ status }) => status)).toEqual(ids.map(() => 'delivered'));
    expect(await rig.advance()).toBe(false);
  });

  it('what one had written is not sent again by the next, though an older one was under way', async () => {
    const { id } = await rig.endpoint(receiver.url, TYPES);
    const first = rig.another();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    receiver.answer(
      (_, count) => (response) => void (count === 1 ? mayEnd : Promise.resolve()).then(() => response.end()),
    );
    const ids = await rig.seal(...manyEvents(50));
    const running = first.dispatcher.runDue();
    while ((await rig.deliveries(id)).length < 49) await new Promise(setImmediate);
    rig.clock.now += 60_000;
    await rig.deliver();
    end();
    await running;
    expect(receiver.received).toHaveLength(51);
    expect(receiver.ids()[50]).toBe(receiver.ids()[0]);
    expect(new Set(receiver.ids())).toEqual(new Set(ids));
  });

  it('a changed endpoint is told at its new place from then on', async () => {
    const { id } = await rig.endpoint(receiver.url, TYPES);
    const elsewhere = await openReceiver();
    receiver.answer((_, count) => async (response) => {
      if (count === 20) await rig.change(id, { url: elsewhere.url });
      response.end();
    });
    const ids = await rig.raise(...manyEvents(500));
    expect([...receiver.ids(), ...elsewhere.ids()].toSorted()).toEqual(ids.toSorted());
    expect(elsewhere.received.length).toBeGreaterThan(100);
    await elsewhere[Symbol.asyncDispose]();
  });
});
