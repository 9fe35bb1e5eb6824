import { createSecretKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createMessages } from '../../../src/delivery/messages/create.ts';
import type { SendVerdict } from '../../../src/delivery/provider.ts';
import { databasesOf, onEachDialect } from '../../db/on-each-dialect.ts';
import { accepted, type DeliveryRigOptions, failed, openDeliveryRig } from '../delivery-rig.ts';
import { sender } from './send.ts';

const MINUTE = 60_000;
const BAD = '+33612340000';
const two = { carriers: { first: {}, second: {} } };

/** A table with one rule for everything. */
function rule(more: object = {}, providers: object[] = [{ provider: 'first' }, { provider: 'second' }]) {
  const weighted = providers.map((one) => ({ weight: 1, ...one })) as { provider: string; weight: number }[];
  const common = {
    name: 'all',
    when: {},
    providers: weighted,
    strategy: 'ordered',
    failover_on_receipt: true,
  } as const;
  return { ...two, routes: { rules: [{ ...common, ...more }] } };
}

await onEachDialect('a queued message', ({ open }) => {
  async function start(options: DeliveryRigOptions = {}) {
    const db = await open();
    const rig = await openDeliveryRig(db, options);
    const send = sender(db, rig);
    return {
      db,
      ...rig,
      send,
      async one(id: string) {
        const found = (await rig.messages()).find((message) => message.id === id);
        if (!found) throw new Error('no such message');
        return found;
      },
      async typesOf(id: string) {
        return (await rig.events()).filter(({ message_id }) => message_id === id).map(({ type }) => type);
      },
    };
  }

  test('goes to the next provider at once when one certainly did not send it', async () => {
    const { send, work, carrier, one, attempts, typesOf } = await start(two);
    carrier('first').planned.push({ kind: 'failed', reason: 'connection_failed' });
    const { message } = await send();
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'sent', provider: 'second', attempts: 2 });
    expect((await attempts()).map(({ status }) => status)).toEqual(['failed', 'sent']);
    expect(await typesOf(message.id)).toEqual(['message.accepted', 'message.sent']);
  });

  test('goes by the network that a carrier named for an earlier message to the number', async () => {
    const common = { strategy: 'ordered', failover_on_receipt: false } as const;
    const rules = [
      { ...common, name: 'orange', when: { mcc_mnc: '208' }, providers: [{ provider: 'second', weight: 1 }] },
      { ...common, name: 'rest', when: {}, providers: [{ provider: 'first', weight: 1 }] },
    ];
    const { send, work, carrier, one } = await start({ ...two, routes: { rules } });
    carrier('first').planned.push(accepted('m-1', { mccMnc: '20801' }));
    const before = await send();
    await work();
    const after = await send();
    await work();
    expect(await one(before.message.id)).toMatchObject({ provider: 'first', mcc_mnc: '20801' });
    expect(await one(after.message.id)).toMatchObject({ provider: 'second' });
  });

  test('waits longer and longer while every provider fails, and is sent when one recovers (R35)', async () => {
    const { send, work, carrier, one, clock } = await start();
    carrier().planned.push(failed, failed, failed);
    const { message } = await send();
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'queued', reason: 'unavailable' });
    await work();
    expect(carrier().sent).toHaveLength(1);
    for (let rounds = 0; rounds < 6 && (await one(message.id)).status === 'queued'; rounds += 1) {
      clock.now += MINUTE;
      await work();
    }
    expect(await one(message.id)).toMatchObject({ status: 'sent', attempts: 4, reason: null });
  });

  test('is never sent after it has expired, however often it was tried before', async () => {
    const { send, work, carrier, one, clock, typesOf } = await start();
    carrier().otherwise = failed;
    const { message } = await send({ validity_seconds: 60 });
    await work();
    clock.now += MINUTE;
    carrier().otherwise = null;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'expired', reason: 'expired' });
    expect(carrier().sent).toHaveLength(1);
    expect(await typesOf(message.id)).toEqual(['message.accepted', 'message.expired']);
  });

  test('honours a Retry-After, and is not tried before it (R38)', async () => {
    const { send, work, carrier, clock, one } = await start();
    carrier().planned.push({ kind: 'failed', reason: 'rate_limited', retryAfterMs: 10 * MINUTE });
    const { message } = await send();
    await work();
    clock.now += 10 * MINUTE - 1;
    await work();
    expect(carrier().sent).toHaveLength(1);
    clock.now += 1;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'sent' });
  });

  test('a number that every carrier turns away fails once, and holds nothing else up (R40)', async () => {
    const { send, work, carrier, one } = await start(two);
    carrier('first').otherwise = async ({ to }) =>
      to === BAD ? { kind: 'rejected', reason: 'invalid_recipient', carrierCode: '21211' } : accepted('f-1');
    const bad = await send({ to: BAD });
    const good = await send();
    await work();
    expect(await one(bad.message.id)).toMatchObject({
      status: 'failed',
      reason: 'invalid_recipient',
      carrier_code: '21211',
    });
    expect(await one(good.message.id)).toMatchObject({ status: 'sent' });
    expect(carrier('second').sent).toEqual([]);
  });

  test('what may have been sent is unknown and stays where it is (R37)', async () => {
    const { send, work, carrier, one, clock, typesOf } = await start(two);
    carrier('first').planned.push({ kind: 'outcome_unknown', reason: 'timeout' });
    const { message } = await send();
    await work();
    clock.now += 60 * MINUTE;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'unknown', reason: 'timeout', attempts: 1 });
    expect(carrier('second').sent).toEqual([]);
    expect(await typesOf(message.id)).toEqual(['message.accepted', 'message.unknown']);
  });

  test('goes to the next provider when a receipt says that it failed, and tells only of the end', async () => {
    const { send, work, carrier, one, delivery, typesOf, attempts } = await start(two);
    carrier('first').planned.push(accepted('f-1'));
    carrier('second').planned.push(accepted('s-1'));
    const { message } = await send();
    await work();
    await delivery.receive('first', [{ providerId: 'f-1', status: 'undelivered', reason: 'network_error' }]);
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'sent', provider: 'second', attempts: 2 });
    await delivery.receive('second', [{ providerId: 's-1', status: 'undelivered' }]);
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'undelivered' });
    expect((await attempts()).map(({ status }) => status)).toEqual(['undelivered', 'undelivered']);
    expect(await typesOf(message.id)).toEqual([
      'message.accepted',
      'message.sent',
      'message.sent',
      'message.undelivered',
    ]);
  });

  test.each([
    ['its reason is the recipient', {}, 'invalid_recipient'],
    ['the route says so', { failover_on_receipt: false }, 'network_error'],
  ] as const)('a failed receipt ends it when %s', async (_, more, reason) => {
    const { send, work, carrier, one, delivery } = await start(rule(more));
    carrier('first').planned.push(accepted('f-1'));
    const { message } = await send();
    await work();
    await delivery.receive('first', [{ providerId: 'f-1', status: 'undelivered', reason }]);
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'undelivered', reason });
    expect(carrier('second').sent).toEqual([]);
  });

  test('without a receipt goes to the next provider after the time of its route, and is unknown in the end', async () => {
    const { send, work, carrier, one, clock, delivery } = await start(
      rule({ failover_after_seconds: 60, receipt_timeout_seconds: 600 }),
    );
    carrier('first').planned.push(accepted('f-1'));
    const { message } = await send();
    await work();
    clock.now += MINUTE - 1;
    await work();
    expect(carrier('second').sent).toEqual([]);
    clock.now += 1;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'sent', provider: 'second' });
    clock.now += MINUTE;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'sent', attempts: 2 });
    clock.now += 10 * MINUTE;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'unknown', reason: 'no_receipt', due_at: null });
    await delivery.receive('first', [{ providerId: 'f-1', status: 'delivered' }]);
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'delivered', provider: 'second' });
  });

  test('that arrives while it waits for another provider is not sent again', async () => {
    const { send, work, carrier, one, delivery, clock, db } = await start(rule({ failover_after_seconds: 60 }));
    carrier('first').planned.push(accepted('f-1'));
    carrier('second').otherwise = failed;
    const { message } = await send();
    await work();
    clock.now += MINUTE;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'queued' });
    await delivery.receive('first', [{ providerId: 'f-1', status: 'delivered' }]);
    await work();
    clock.now += 60 * MINUTE;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'delivered' });
    expect(carrier('second').sent).toHaveLength(1);
    expect(await db.kysely.selectFrom('jobs').selectAll().execute()).toEqual([]);
  });

  test('whose process died in the call is unknown, and nobody sends it again (R02)', async () => {
    const { send, delivery, carrier, one, clock, work, settled } = await start();
    carrier().planned.push(() => new Promise<SendVerdict>(() => undefined));
    const { message } = await send();
    // The process "dies": nothing of it goes on.
    delivery.worker.runDue().catch(() => {});
    while (carrier().sent.length === 0) await settled();
    clock.now += 15_000;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'unknown', reason: 'process_lost' });
    clock.now += 60 * MINUTE;
    await work();
    expect(carrier().sent).toHaveLength(1);
  });

  test('is not sent by a process that slept through its lease (R09)', async () => {
    const db = await open();
    const clock = { sleepsMs: 0, move: (_ms: number) => {} };
    const slow: typeof db = {
      ...db,
      async batch(options, work) {
        const result = await db.batch(options, work);
        clock.move(clock.sleepsMs);
        return result;
      },
    };
    const rig = await openDeliveryRig(slow);
    const { message } = await sender(slow, rig)();
    clock.move = (ms) => {
      rig.clock.now += ms;
    };
    clock.sleepsMs = 15_000;
    await rig.delivery.worker.runDue();
    clock.sleepsMs = 0;
    await rig.work();
    expect(rig.carrier().sent).toEqual([]);
    expect(await rig.messages()).toMatchObject([{ id: message.id, status: 'unknown', reason: 'process_lost' }]);
  });

  test('whose process died before the call is sent once, when the lease has ended (R01)', async () => {
    const { send, delivery, carrier, one, clock, work } = await start();
    const { message } = await send();
    expect(await delivery.queue.claim(clock.now, 15_000, 10)).toHaveLength(1);
    await work();
    expect(carrier().sent).toEqual([]);
    clock.now += 15_000;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'sent', attempts: 1 });
  });

  test('is sent once, whoever takes it up at the same time', async () => {
    const { send, carrier, beside, delivery, settled } = await start();
    for (let count = 0; count < 40; count += 1) await send();
    const other = await beside();
    await Promise.all([delivery.worker.runDue(), other.worker.runDue()]);
    await settled();
    const references = carrier().sent.map(({ reference }) => reference);
    expect(new Set(references).size).toBe(40);
    expect(references).toHaveLength(40);
    await other.close();
  });

  test('that is recorded twice by one idempotent request is one message, one job and one event', async () => {
    const { db, delivery, clock, work, carrier, events } = await start();
    const create = createMessages({ ...delivery, db, hashKey: createSecretKey(Buffer.alloc(32)) });
    const caller = { project: 'prj_a', mode: 'live', actor: 'key_a' } as const;
    const record = () => create(caller, { to: '+33612345678', text: 'x' }, clock.now, 'seed');
    await record();
    await work();
    await record();
    await work();
    expect(carrier().sent).toHaveLength(1);
    expect((await events()).map(({ type }) => type)).toEqual(['message.accepted', 'message.sent']);
    expect(await db.kysely.selectFrom('jobs').selectAll().execute()).toEqual([]);
  });

  test('is paced by the route, for all instances together, and uses up no try', async () => {
    const routes = rule({}, [{ provider: 'first', per_second: 2, burst: 1 }]);
    const { send, work, carrier, clock, db } = await start(routes);
    for (let count = 0; count < 5; count += 1) await send();
    await work();
    expect(carrier('first').sent).toHaveLength(1);
    const seen: number[] = [];
    for (let step = 0; step < 8; step += 1) {
      clock.now += 500;
      await work();
      seen.push(carrier('first').sent.length);
    }
    expect(seen.slice(0, 4)).toEqual([2, 3, 4, 5]);
    expect(await db.kysely.selectFrom('jobs').selectAll().execute()).toEqual([]);
  });

  test('another project’s backlog at a provider’s rate does not hold it up (R54)', async () => {
    const routes = rule({}, [{ provider: 'first', per_second: 10, burst: 1 }]);
    const { db, send, work, clock, delivery, hashKey, one } = await start(routes);
    for (let count = 0; count < 300; count += 1) await send();
    await work();
    const { message } = await sender(db, { delivery, clock, hashKey }, 'prj_b')();
    // Each time both want the only token there is; who gets it is drawn.
    for (let step = 0; step < 60; step += 1) {
      await work();
      clock.now += 100;
    }
    expect(await one(message.id)).toMatchObject({ status: 'sent' });
  });

  test('that cannot be sent before it expires is told of when it does', async () => {
    const routes = rule({}, [{ provider: 'first', per_second: 0.01, burst: 1 }]);
    const { send, work, one, clock } = await start(routes);
    for (let count = 0; count < 5; count += 1) await send();
    await work();
    const { message } = await send({ validity_seconds: 60 });
    await work();
    clock.now += MINUTE;
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'expired' });
  });

  test('waits for the provider that the route prefers, though the next one has room', async () => {
    const preferred = { provider: 'first', per_second: 2, burst: 1 };
    const { send, work, carrier } = await start(rule({}, [preferred, { provider: 'second' }]));
    for (let count = 0; count < 3; count += 1) await send();
    await work();
    expect([carrier('first').sent.length, carrier('second').sent.length]).toEqual([1, 0]);
  });

  test('without a provider for its channel any more fails honestly', async () => {
    const { send, work, one, db } = await start({ channels: ['sms'] });
    const { message } = await send();
    await db.kysely.updateTable('messages').set({ channel: 'voice' }).execute();
    await work();
    expect(await one(message.id)).toMatchObject({ status: 'failed', reason: 'no_provider' });
  });
});

describe('a bad row', () => {
  const { open } = databasesOf('sqlite');

  test('is given up with the reason after some tries, and the others go on (R53)', async () => {
    const db = await open();
    const rig = await openDeliveryRig(db);
    const send = sender(db, rig);
    const bad = await send();
    await db.kysely.updateTable('messages').set({ content: '{' }).execute();
    const good = await send();
    for (let round = 0; round < 15; round += 1) {
      await rig.work();
      rig.clock.now += 5 * MINUTE;
    }
    const statuses = new Map((await rig.messages()).map(({ id, status }) => [id, status]));
    expect(statuses.get(good.message.id)).toBe('sent');
    expect(await db.kysely.selectFrom('jobs').selectAll().execute()).toMatchObject([
      { id: bad.message.id, due_at: null, reason: 'SyntaxError' },
    ]);
  });
});
