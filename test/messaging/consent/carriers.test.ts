import { expect, it, test } from 'vitest';
import { keepInbound } from '../../../src/delivery/messages/keep-inbound.ts';
import { hashPhone } from '../../../src/lib/phone.ts';
import { createReplyTaker } from '../../../src/messaging/consent/take-reply.ts';
import { onEachDialect } from '../../db/on-each-dialect.ts';
import { accepted, code, openDeliveryRig } from '../../delivery/delivery-rig.ts';
import { sender } from '../../delivery/messages/send.ts';
import { openCarrierService } from '../../delivery/twilio-service.ts';
import { newNumber } from '../../service.ts';

await onEachDialect('a carrier’s own opt-out', ({ open }) => {
  async function start() {
    const db = await open();
    const rig = await openDeliveryRig(db);
    const send = sender(db, rig);
    return {
      db,
      ...rig,
      async send(input: object = {}) {
        const { message } = await send({ sender: '+33700000001', ...input });
        await rig.work();
        await rig.settled();
        return (await rig.messages()).find(({ id }) => id === message.id);
      },
      suppressions: () => db.kysely.selectFrom('suppressions').selectAll().execute(),
    };
  }

  test('said at once, blocks this sender for everything, and no other', async () => {
    const { carrier, send, suppressions, events } = await start();
    carrier().planned.push({ kind: 'rejected', reason: 'opted_out', carrierCode: '21610' });
    expect(await send()).toMatchObject({ status: 'failed', reason: 'opted_out' });
    expect(await suppressions()).toMatchObject([
      { reason: 'carrier', purpose: 'all', channel: 'sms', sender: '33700000001' },
    ]);
    expect(await send()).toMatchObject({ status: 'blocked', reason: 'opted_out', attempts: 0 });
    carrier().planned.push(accepted('c-2'));
    expect(await send({ sender: '+33700000002' })).toMatchObject({ status: 'sent' });
    expect((await events()).filter(({ type }) => type === 'recipient.opted_out')).toHaveLength(1);
  });

  test('of a code keeps the next code from this sender: its workflow goes on at once; other recipients get theirs', async () => {
    const { carrier, deliver, suppressions, settled, hashKey } = await start();
    const to = '+33612345678';
    const sendCode = async (sendIndex: number, more: object = {}) => {
      const result = await deliver(code({ to, recipientHash: hashPhone(hashKey, to), sendIndex, ...more }));
      await settled();
      return result;
    };
    carrier().planned.push({ kind: 'rejected', reason: 'opted_out' });
    expect(await sendCode(0)).toMatchObject({ kind: 'failed', provider: 'main', reason: 'opted_out' });
    expect(await suppressions()).toMatchObject([{ reason: 'carrier', purpose: 'all' }]);
    expect(await sendCode(1)).toMatchObject({ kind: 'failed', provider: 'none', reason: 'opted_out' });
    expect(carrier().sent).toHaveLength(1);
    carrier().planned.push(accepted('c-1'));
    expect(await sendCode(2, { recipientHash: 'another' })).toMatchObject({ kind: 'sent' });
  });

  test('said by a receipt, and again by the next, is recorded once', async () => {
    const { carrier, send, suppressions, delivery, settled, events } = await start();
    for (const id of ['c-1', 'c-2']) carrier().planned.push(accepted(id));
    await send();
    await send();
    for (const providerId of ['c-1', 'c-2']) {
      await delivery.receive('main', [{ providerId, status: 'undelivered', reason: 'opted_out' }]);
      await settled();
    }
    expect(await suppressions()).toHaveLength(1);
    expect((await events()).filter(({ type }) => type === 'recipient.opted_out')).toHaveLength(1);
    expect(await send()).toMatchObject({ status: 'blocked', reason: 'opted_out' });
  });
});

it('a STOP that a carrier brings ends the marketing of every project that wrote from this number, and is answered once', async () => {
  const { service, main, send } = await openCarrierService();
  const to = newNumber();
  await send({ to, sender: '+33755555555' });
  const inbound = { channel: 'sms', from: to, to: '33755555555', text: ' Stop. ' } as const;
  const bring = (providerId: string) => service.services.delivery.takeInbound('main', [{ providerId, ...inbound }]);
  await service.call('POST', '/v1/consents', { to, source: 'paper' });
  // The same one again, as carriers do that got no answer; and a second one.
  for (const id of ['mo-1', 'mo-1', 'mo-2']) await bring(id);
  await service.sendMessages();
  const blocked = await send({ to, purpose: 'marketing', sender: '+33755555555' });
  expect(blocked).toMatchObject({ status: 'blocked', reason: 'opted_out' });
  expect(main.sent().map(({ text }) => text)).toEqual([
    'Your table is ready.',
    expect.stringContaining('vous ne recevrez plus'),
  ]);
  const { body } = await service.call('GET', `/v1/consents/history?to=${encodeURIComponent(to)}`);
  expect(body.data.map(({ state }: { state: string }) => state)).toContain('revoked');
});

it('a process that dies between the STOP and its confirmation costs neither: the carrier brings it again', async () => {
  const { service, main, send } = await openCarrierService();
  const { services, clock } = service;
  const to = newNumber();
  await send({ to, sender: '+33755555555' });
  const { db, hashKey, replies } = services;
  const dead = createReplyTaker({
    ...replies,
    db,
    hashKey,
    now: () => clock.now,
    send: () => Promise.reject(new Error('gone')),
  });
  const mo = { providerId: 'mo-1', channel: 'sms', from: to, to: '33755555555', text: 'STOP' } as const;
  const kept = await keepInbound(db, hashKey, 'main', [mo], clock.now);
  await expect(dead(kept)).rejects.toThrow('gone');
  expect(await send({ to, purpose: 'marketing' })).toMatchObject({ status: 'blocked', reason: 'opted_out' });
  for (let times = 0; times < 2; times += 1) await services.delivery.takeInbound('main', [mo]);
  await service.sendMessages();
  expect(main.sent()).toHaveLength(2);
});

it('a STOP to a number that nobody wrote from still stops whoever wrote to the phone', async () => {
  const { service, send } = await openCarrierService();
  const to = newNumber();
  await send({ to, sender: '+33755555555' });
  await service.call('POST', '/v1/consents', { to, source: 'paper' });
  const stray = { providerId: 'mo-9', channel: 'sms', from: to, to: '36111', text: 'STOP' } as const;
  await service.services.delivery.takeInbound('main', [stray]);
  expect(await send({ to, purpose: 'marketing' })).toMatchObject({ status: 'blocked', reason: 'opted_out' });
});
