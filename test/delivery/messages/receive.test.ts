import { expect, onTestFinished, test } from 'vitest';
import { purgeExpired } from '../../../src/db/purge.ts';
import type { ProviderReceipt } from '../../../src/delivery/provider.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { accepted, code, type DeliveryRigOptions, openDeliveryRig } from '../delivery-rig.ts';
import { sender } from './send.ts';

await onEachDialect('receipts', ({ open }) => {
  async function start(options: DeliveryRigOptions = {}) {
    const db = await open();
    const rig = await openDeliveryRig(db, options);
    const send = sender(db, rig);
    return {
      db,
      ...rig,
      send,
      /** One message that the carrier took under this id. */
      async sent(id = 'c-1', more: object = {}, carrier = Object.keys(options.carriers ?? { main: {} })[0] ?? 'main') {
        rig.carrier(carrier).planned.push(accepted(id, more));
        const { message } = await send();
        await rig.work();
        return message.id;
      },
      async report(receipt: ProviderReceipt, carrier = 'main') {
        await rig.delivery.receive(carrier, [receipt]);
        await rig.settled();
      },
      async statusOf(id: string) {
        return (await rig.messages()).find((message) => message.id === id)?.status;
      },
      receipts: () => db.kysely.selectFrom('receipts').selectAll().orderBy('received_at').execute(),
      types: async () => (await rig.events()).map(({ type }) => type),
    };
  }

  test('by the carrier’s id settle the message, with reason, code, price and network', async () => {
    const { sent, report, messages, attempts } = await start();
    await sent('c-1', { price: { amount: '0.01', currency: 'EUR' } });
    const price = { amount: '0.0075', currency: 'EUR' };
    await report({
      providerId: 'c-1',
      status: 'undelivered',
      reason: 'unreachable_recipient',
      carrierCode: '27',
      price,
      mccMnc: '20801',
    });
    expect(await messages()).toMatchObject([
      {
        ...{ status: 'undelivered', reason: 'unreachable_recipient', carrier_code: '27', mcc_mnc: '20801' },
        ...{ cost_amount: '0.0075', cost_currency: 'EUR', due_at: null },
      },
    ]);
    expect(await attempts()).toMatchObject([{ status: 'undelivered', reason: 'unreachable_recipient' }]);
  });

  test('by our reference do too, also when the carrier never answered the call', async () => {
    const { carrier, send, work, report, statusOf } = await start();
    carrier().planned.push({ kind: 'outcome_unknown', reason: 'timeout' });
    const { message } = await send();
    await work();
    expect(await statusOf(message.id)).toBe('unknown');
    await report({ reference: `${message.id}-1`, status: 'sent' });
    expect(await statusOf(message.id)).toBe('sent');
    await report({ reference: `${message.id}-1`, providerId: 'c-9', status: 'delivered' });
    expect(await statusOf(message.id)).toBe('delivered');
  });

  test('in any form of the id', async () => {
    const { sent, report, statusOf } = await start();
    const id = await sent('1a2f');
    await report({ providerId: ['6703', '1A2F', '1a2f'], status: 'delivered' });
    expect(await statusOf(id)).toBe('delivered');
  });

  test('by the likeliest form of the id, where the others name other messages', async () => {
    const { sent, report, statusOf } = await start();
    const low = await sent('1000');
    const high = await sent('4096');
    await report({ providerId: ['1000', '3e8', '4096'], status: 'delivered' });
    expect([await statusOf(low), await statusOf(high)]).toEqual(['delivered', 'sent']);
    await report({ providerId: ['4096', '1000', '16534'], status: 'undelivered' });
    expect([await statusOf(low), await statusOf(high)]).toEqual(['delivered', 'undelivered']);
  });

  test('ten times the same, at once on two instances: one change, one event (R43)', async () => {
    const { sent, delivery, beside, settled, statusOf, types, receipts } = await start();
    const id = await sent();
    const other = await beside();
    const receipt = { providerId: 'c-1', status: 'delivered' } as const;
    await Promise.all(Array.from({ length: 10 }, (_, at) => (at % 2 ? delivery : other).receive('main', [receipt])));
    await settled();
    expect(await statusOf(id)).toBe('delivered');
    expect(await receipts()).toHaveLength(1);
    expect((await types()).filter((type) => type === 'message.delivered')).toHaveLength(1);
    await other.close();
  });

  test('late and conflicting ones are recorded, and change nothing (R44)', async () => {
    const { sent, report, statusOf, receipts, types } = await start();
    const id = await sent();
    for (const status of ['delivered', 'buffered', 'undelivered', 'expired'] as const) {
      await report({ providerId: 'c-1', status });
    }
    expect(await statusOf(id)).toBe('delivered');
    expect(await receipts()).toHaveLength(4);
    expect((await receipts()).every((receipt) => receipt.message_id === id)).toBe(true);
    expect(await types()).toEqual(['message.accepted', 'message.sent', 'message.delivered']);
  });

  test('that are faster than the carrier’s answer are joined to it (R45)', async () => {
    const { carrier, delivery, send, work, statusOf } = await start();
    const early: ((reference: string) => ProviderReceipt)[] = [
      () => ({ providerId: 'early-0', status: 'delivered' }),
      (reference) => ({ reference, status: 'delivered' }),
      (reference) => ({ reference, providerId: 'other-form', status: 'delivered' }),
    ];
    const ids: string[] = [];
    for (const [index, receipt] of early.entries()) {
      carrier().planned.push(async (message) => {
        await delivery.receive('main', [receipt(message.reference)]);
        return accepted(`early-${index}`);
      });
      ids.push((await send()).message.id);
      await work();
    }
    for (const id of ids) expect(await statusOf(id)).toBe('delivered');
  });

  test('of one part, faster than the answer, are not taken for the whole', async () => {
    const { carrier, delivery, send, work, report, statusOf } = await start();
    carrier().planned.push(async ({ reference }) => {
      await delivery.receive('main', [{ reference, providerId: 'p-2', status: 'delivered' }]);
      return accepted('p-1', { partIds: ['p-1', 'p-2'] });
    });
    const { message } = await send();
    await work();
    expect(await statusOf(message.id)).toBe('sent');
    await report({ providerId: 'p-1', status: 'undelivered' });
    expect(await statusOf(message.id)).toBe('partially_delivered');
  });

  test('in another form, faster than the answer, are joined at the next look', async () => {
    const { carrier, delivery, send, work, settled, clock, statusOf } = await start();
    carrier().planned.push(async () => {
      await delivery.receive('main', [{ providerId: ['99', '0063'], status: 'delivered' }]);
      await settled(); // it was looked for, and not found
      return accepted('0063');
    });
    const { message } = await send();
    await work();
    expect(await statusOf(message.id)).toBe('sent');
    clock.now += 2_000;
    await work();
    expect(await statusOf(message.id)).toBe('delivered');
  });

  test('of messages that are not ours are kept for a day, hold nothing personal, and bring nobody back (R46)', async () => {
    const { db, report, receipts, clock, work, messages } = await start();
    await report({ providerId: 'erased', reference: 'msg_00000000000000000000000000-1', status: 'delivered' });
    expect(await receipts()).toMatchObject([{ provider_id: 'erased', message_id: null }]);
    for (let hours = 0; hours < 24; hours += 1) {
      await work();
      clock.now += 3_600_000;
    }
    await purgeExpired(db, clock.now);
    expect(await receipts()).toEqual([]);
    expect(await messages()).toEqual([]);
  });

  test('of a provider that did not carry the message are not about it, whatever they name', async () => {
    const { sent, report, statusOf, receipts } = await start({ carriers: { main: {}, other: {} } });
    const id = await sent('c-1');
    await report({ providerId: 'c-1', status: 'delivered' }, 'other');
    await report({ reference: `${id}-1`, status: 'undelivered' }, 'other');
    expect(await statusOf(id)).toBe('sent');
    expect((await receipts()).map(({ message_id }) => message_id)).toEqual([null, null]);
  });

  test('of an id that the carrier uses again are about the newer message', async () => {
    const { sent, report, statusOf } = await start();
    const [old, young] = [await sent('7'), await sent('7')];
    await report({ providerId: '7', status: 'delivered' });
    expect([await statusOf(old), await statusOf(young)]).toEqual(['sent', 'delivered']);
  });

  test('of parts: delivered when all are, partially when some are', async () => {
    const { sent, report, statusOf, messages } = await start();
    const whole = await sent('a-1', { partIds: ['a-1', 'a-2'] });
    const half = await sent('b-1', { partIds: ['b-1', 'b-2'] });
    const price = { amount: '0.01', currency: 'EUR' };
    await report({ providerId: 'a-1', status: 'delivered', price });
    expect(await statusOf(whole)).toBe('sent');
    await report({ providerId: 'a-2', status: 'delivered', price });
    await report({ providerId: 'b-2', status: 'undelivered', reason: 'network_error' });
    await report({ providerId: 'b-1', status: 'delivered' });
    expect([await statusOf(whole), await statusOf(half)]).toEqual(['delivered', 'partially_delivered']);
    expect((await messages()).find(({ id }) => id === whole)?.cost_amount).toBe('0.02');
    await report({ providerId: 'b-2', status: 'delivered' });
    expect(await statusOf(half)).toBe('delivered');
  });

  test('of a carrier that reports a whole message once count for all its parts', async () => {
    const { sent, report, statusOf } = await start({ carriers: { main: { one_receipt_per_message: true } } });
    const id = await sent('a-1', { partIds: ['a-1', 'a-2', 'a-3'] });
    await report({ providerId: 'a-3', status: 'delivered' });
    expect(await statusOf(id)).toBe('delivered');
  });

  test('that hold what no database takes do no harm, and keep no other out', async () => {
    const { sent, delivery, settled, statusOf } = await start();
    const id = await sent();
    const strange = { providerId: 'a\u0000\ud800b', reference: `\u0000${'x'.repeat(300)}`, carrierCode: '\u0000' };
    await Promise.all([
      delivery.receive('main', [{ ...strange, status: 'delivered' }]),
      delivery.receive('main', [{ providerId: 'c-1', status: 'delivered', price: { amount: 'NaN', currency: '€' } }]),
    ]);
    await settled();
    expect(await statusOf(id)).toBe('delivered');
  });

  test.each([1.5, 1.8e18, Number.NaN, -1])('at a time that is none (%d) count without it', async (at) => {
    const { sent, report, statusOf, receipts } = await start();
    const id = await sent();
    await report({ providerId: 'c-1', status: 'delivered', at });
    expect(await statusOf(id)).toBe('delivered');
    expect((await receipts()).map((receipt) => receipt.at)).toEqual([at === 1.5 ? 2 : null]);
  });

  test('by the thousand, of messages that are not known, hold up no other (R47)', async () => {
    const { sent, delivery, receipts, clock, settled, statusOf } = await start();
    const id = await sent('ours');
    const foreign = (index: number) => ({ providerId: `foreign-${index}`, status: 'delivered' as const });
    await delivery.receive(
      'main',
      Array.from({ length: 2_000 }, (_, index) => foreign(index)),
    );
    await settled();
    clock.now += 2_000;
    await delivery.watch(clock.now);
    const due = (await receipts()).filter(({ due_at }) => due_at !== null && due_at <= clock.now);
    expect(due).toEqual([]);
    await delivery.receive('main', [{ providerId: 'ours', status: 'delivered' }]);
    await settled();
    expect(await statusOf(id)).toBe('delivered');
  });

  test('that come faster than they can be worked in wait in the database, and are worked in later (R47)', async () => {
    const db = await open();
    const gate = Promise.withResolvers<void>();
    let isSlow = false;
    const batch: typeof db.batch = async (options, work) => {
      if (isSlow) await gate.promise;
      return db.batch(options, work);
    };
    const rig = await openDeliveryRig({ ...db, batch, bulk: { ...db.bulk, batch } });
    const { message } = await sender(db, rig)();
    rig.carrier().planned.push(accepted('c-0'));
    await rig.work();
    isSlow = true;
    // The first is under way as long as the database hangs.
    await rig.delivery.receive('main', [{ providerId: 'c-0', status: 'sent' }]);
    const flood = (from: number) =>
      rig.delivery.receive(
        'main',
        Array.from({ length: 1_000 }, (_, index) => ({
          providerId: `x-${from + index}`,
          status: 'delivered' as const,
        })),
      );
    for (let round = 0; round < 15; round += 1) await flood(round * 1_000);
    await rig.delivery.receive('main', [{ providerId: 'c-0', status: 'delivered' }]);
    const inMemory = rig.background.size();
    isSlow = false;
    gate.resolve();
    expect(inMemory).toBeLessThan(13);
    await rig.settled();
    rig.clock.now += 2_000;
    await rig.work();
    expect(await rig.messages()).toMatchObject([{ id: message.id, status: 'delivered' }]);
    expect(await db.kysely.selectFrom('receipts').select('key').execute()).toHaveLength(15_002);
  });

  test('come by a standing connection as well, which is told when they are kept', async () => {
    const { sent, carrier, settled, statusOf } = await start();
    const id = await sent();
    await carrier().sink?.receipt({ providerId: 'c-1', status: 'delivered' });
    await settled();
    expect(await statusOf(id)).toBe('delivered');
  });

  test('of a code are told to its verification, once, and its failure too', async () => {
    const { deliver, carrier, report, told, types } = await start();
    carrier().planned.push(accepted('x-0'), accepted('x-1'));
    await deliver(code({ sendIndex: 0 }));
    await deliver(code({ sendIndex: 1 }));
    await report({ providerId: 'x-0', status: 'sent' });
    await report({ providerId: 'x-0', status: 'delivered' });
    await report({ providerId: 'x-0', status: 'read' });
    await report({ providerId: 'x-1', status: 'rejected', reason: 'filtered' });
    const { verificationId } = code();
    expect(told).toEqual([
      { verificationId, sendIndex: 0, status: 'delivered', provider: 'main' },
      { verificationId, sendIndex: 1, status: 'failed', provider: 'main', reason: 'filtered' },
    ]);
    expect(await types()).toEqual([]);
  });

  test('of codes wait neither for each other nor for receipts of bulk', async () => {
    const db = await open();
    const gate = Promise.withResolvers<void>();
    const started: Promise<void>[] = [];
    const batch: typeof db.batch = async (options, work) => {
      await Promise.all(started);
      return db.bulk.batch(options, work);
    };
    const rig = await openDeliveryRig({ ...db, bulk: { ...db.bulk, batch } });
    onTestFinished(() => gate.resolve());
    const told: string[] = [];
    rig.delivery.onCodeReceipt(async ({ verificationId }) => {
      if (verificationId === 'ver_slow') await gate.promise;
      told.push(verificationId);
    });
    const { message } = await sender(db, rig)();
    rig.carrier().planned.push(accepted('c-0'), accepted('x-0'), accepted('x-1'));
    await rig.work();
    await rig.deliver(code({ verificationId: 'ver_slow' }));
    await rig.deliver(code({ verificationId: 'ver_quick' }));
    await rig.settled();
    started.push(gate.promise);
    const ids = ['c-0', 'x-0', 'x-1'];
    await Promise.all(ids.map((id) => rig.delivery.receive('main', [{ providerId: id, status: 'delivered' }])));
    await expect.poll(() => told).toEqual(['ver_quick']);
    const bulk = db.kysely.selectFrom('messages').select('status').where('id', '=', message.id);
    expect(await bulk.execute()).toEqual([{ status: 'sent' }]);
    gate.resolve();
    await rig.settled();
    expect(told).toEqual(['ver_quick', 'ver_slow']);
    expect(await bulk.execute()).toEqual([{ status: 'delivered' }]);
  });

  test('of a code whose verification cannot be told are told again', async () => {
    const { deliver, carrier, report, delivery, clock, work, receipts, settled } = await start();
    const told: string[] = [];
    let away = true;
    delivery.onCodeReceipt((receipt) => {
      if (away) throw new Error('the store is away');
      told.push(receipt.status);
    });
    carrier().planned.push(accepted('x-0'));
    await deliver(code());
    await settled();
    await report({ providerId: 'x-0', status: 'undelivered' });
    expect(told).toEqual([]);
    away = false;
    clock.now += 60_000;
    await work();
    expect(told).toEqual(['failed']);
    expect(await receipts()).toMatchObject([{ due_at: null }]);
    clock.now += 3_600_000;
    await work();
    expect(told).toHaveLength(1);
  });

  test('beside them, a message from a phone is kept once for one id of its carrier (R49)', async () => {
    const { carrier, db } = await start();
    const message = { providerId: 'mo-1', channel: 'sms', from: '+33612345678', to: '36180', text: 'STOP\0' } as const;
    await Promise.all(Array.from({ length: 5 }, () => carrier().sink?.inbound(message)));
    await carrier().sink?.inbound({ ...message, providerId: 'mo-2' });
    const kept = await db.kysely.selectFrom('inbound_messages').selectAll().orderBy('provider_id').execute();
    expect(kept).toMatchObject([
      { provider: 'main', provider_id: 'mo-1', sender: '+33612345678', recipient: '36180', text: 'STOP' },
      { provider_id: 'mo-2' },
    ]);
  });
});
