import { expect, it } from 'vitest';
import type { NewEndpoint } from '../../../src/webhooks/endpoints/create-endpoint.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { openForEach } from './open-for-each.ts';
import type { Receiver } from './receiver.ts';
import type { Rig } from './rig.ts';

const ORDERED: Partial<NewEndpoint> = { events: ['verification.*', 'message.*'], ordering: 'per_object' };

await onEachDialect('ordering per object', (databases) => {
  let rig: Rig;
  let receiver: Receiver;
  openForEach(databases, (...opened) => {
    [rig, receiver] = opened;
  });

  const of = (object: string) => receiver.received.filter((one) => one.object === object).map(({ id }) => id);

  it('one delivery of an object is under way at a time, and those of others beside it', async () => {
    await rig.endpoint(receiver.url, ORDERED);
    const underWay = new Map<string, number>();
    let most = 0;
    let all = 0;
    receiver.answer(({ object = '' }) => (response) => {
      underWay.set(object, (underWay.get(object) ?? 0) + 1);
      most = Math.max(most, underWay.get(object) ?? 0);
      all = Math.max(all, [...underWay.values()].filter((count) => count > 0).length);
      setImmediate(() => {
        underWay.set(object, (underWay.get(object) ?? 0) - 1);
        response.end();
      });
    });
    const objects = Array.from({ length: 20 }, (_, number) => `ver_${number}`);
    const ids = await rig.raise(
      ...Array.from({ length: 10 }, () => objects.map((verificationId) => ({ verificationId }))).flat(),
    );
    expect(most).toBe(1);
    expect(all).toBeGreaterThan(1);
    for (const [index, object] of objects.entries()) {
      expect(of(object)).toEqual(ids.filter((_, place) => place % objects.length === index));
    }
  });

  it('later events of an object wait for the retry of an earlier one, those of others do not', async () => {
    const { id } = await rig.endpoint(receiver.url, ORDERED);
    let failures = 3;
    receiver.answer(({ object }) => (object === 'ver_1' && failures-- > 0 ? 500 : 200));
    const first = { verificationId: 'ver_1' };
    const other = { messageId: 'msg_1' };
    const [a = '', , b = '', , c = ''] = await rig.raise(first, other, first, other, first);
    expect(of('ver_1')).toEqual([a]);
    expect(of('msg_1')).toHaveLength(2);
    const [d = ''] = await rig.raise(first);
    expect(of('ver_1')).toEqual([a]);
    while (of('ver_1').length < 7) expect(await rig.advance()).toBe(true);
    expect(of('ver_1')).toEqual([a, a, a, a, b, c, d]);
    expect((await rig.deliveries(id)).every(({ status }) => status === 'delivered')).toBe(true);
    expect(await rig.advance()).toBe(false);
  });

  it('what waits behind a delivery goes out when that is given up', async () => {
    await rig.endpoint(receiver.url, ORDERED);
    let broken = '';
    receiver.answer(({ id }) => (id === broken ? 500 : 200));
    const [a = '', b = ''] = await rig.record({ verificationId: 'ver_1' }, { verificationId: 'ver_1' });
    broken = a;
    await rig.raise();
    while (!of('ver_1').includes(b)) expect(await rig.advance()).toBe(true);
    expect(of('ver_1')).toEqual([...Array.from({ length: 10 }, () => a), b]);
  });

  it('holds over an outage and a change of process', async () => {
    await rig.endpoint(receiver.url, ORDERED);
    receiver.answer((_, count) => (count < 25 ? 500 : 200));
    const objects = ['ver_1', 'ver_2', 'ver_3', 'ver_4'];
    const ids = await rig.raise(...Array.from({ length: 40 }, (_, n) => ({ verificationId: objects[n % 4] ?? '' })));
    const processes = [rig.webhooks, rig.another()];
    const firstTimes = () => [...new Set(receiver.ids())];
    for (let turn = 0; firstTimes().length < 40 || turn < 60; turn += 1) {
      rig.clock.now += 300_000;
      await processes[turn % 2]?.dispatcher.runDue();
    }
    for (const [index, object] of objects.entries()) {
      expect([...new Set(of(object))]).toEqual(ids.filter((_, place) => place % 4 === index));
    }
  });
});
