import { afterEach, beforeEach, expect, it } from 'vitest';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { manyEvents, openRig, type Rig } from './rig.ts';

const TYPES = { events: ['verification.*'] };

await onEachDialect('endpoints beside each other', (databases) => {
  let rig: Rig;
  let receivers: Receiver[];
  beforeEach(async () => {
    // What hangs, hangs longer than the test may take.
    rig = await openRig(await databases.open(), { timeoutMs: 300_000 });
    receivers = [];
  });
  afterEach(async () => {
    await rig.close();
    for (const receiver of receivers) await receiver[Symbol.asyncDispose]();
  });

  async function open(): Promise<Receiver> {
    const receiver = await openReceiver();
    receivers.push(receiver);
    return receiver;
  }

  it('one that hangs, one that is broken and one that is gone delay none of fifty others', async () => {
    const hanging = await open();
    const broken = await open();
    const gone = await open();
    await gone[Symbol.asyncDispose]();
    receivers.pop();
    hanging.answer(() => () => {});
    broken.answer(() => 500);
    for (const { url } of [hanging, broken, gone]) await rig.endpoint(url, TYPES);
    const well = await open();
    const { promise: all, resolve } = Promise.withResolvers<void>();
    well.answer((_, count) => {
      if (count === 50 * 20) resolve();
      return 200;
    });
    for (let count = 0; count < 50; count += 1) await rig.endpoint(well.url, TYPES);
    await rig.seal(...manyEvents(20));
    rig.webhooks.dispatcher.start();
    await all;
    expect(hanging.received.length).toBeGreaterThan(0);
    expect(hanging.received.length).toBeLessThanOrEqual(2);
  }, 120_000);

  it('one that hangs does not keep its own new events waiting', async () => {
    const receiver = await open();
    const { promise: second, resolve } = Promise.withResolvers<void>();
    receiver.answer((_, count) => {
      if (count === 1) return () => {};
      resolve();
      return 200;
    });
    await rig.endpoint(receiver.url, TYPES);
    rig.webhooks.dispatcher.start();
    await rig.seal({});
    await rig.until(() => receiver.received.length === 1);
    await rig.seal({});
    await second;
  }, 120_000);

  it('a host gets no more at once from many endpoints than its share', async () => {
    const receiver = await open();
    const held: (() => void)[] = [];
    let underWay = 0;
    let most = 0;
    receiver.answer((_, count) => (response) => {
      underWay += 1;
      most = Math.max(most, underWay);
      const end = () => {
        underWay -= 1;
        response.end();
      };
      if (count <= 64) held.push(end);
      else setImmediate(end);
      // As many as there may be: whatever comes now comes because others have gone.
      if (count === 64) setImmediate(() => held.forEach((release) => void release()));
    });
    for (let count = 0; count < 40; count += 1) await rig.endpoint(receiver.url, TYPES);
    await rig.raise(...manyEvents(50));
    expect(receiver.received).toHaveLength(2_000);
    expect(most).toBe(64);
  }, 120_000);
});
