import { expect, test } from 'vitest';
import { newNumber } from '../service.ts';
import type { CarrierResponse, Fault } from './providers/carrier-fake.ts';
import { openCarrierService } from './twilio-service.ts';

const json = (status: number, body: object, headers?: Record<string, string>): CarrierResponse => ({
  status,
  body,
  ...(headers && { headers }),
});

test.each<[string, CarrierResponse, string]>([
  [
    '429 and a long pause (R38)',
    json(429, { code: 20429, message: 'no', status: 429 }, { 'retry-after': '999999' }),
    'rate_limited',
  ],
  [
    '429 and a pause that is none (R38)',
    json(429, { code: 20429, message: 'no', status: 429 }, { 'retry-after': 'soon' }),
    'rate_limited',
  ],
  ['wrong credentials', json(401, { code: 20003, message: 'no', status: 401 }), 'authentication_failed'],
])('%s: certainly not sent, so the next carrier sends it at once', async (_, answer, reason) => {
  const { send, main } = await openCarrierService();
  main.next(answer);
  const message = await send({ to: newNumber() });
  const [first, second] = message.attempts;
  expect(first).toMatchObject({ provider: 'main', status: expect.stringMatching(/failed|rejected/), reason });
  expect(second).toMatchObject({ provider: 'backup', status: 'sent' });
  expect(message).toMatchObject({ status: 'sent', provider: 'backup' });
});

test('no connection: the next carrier sends it at once (R36)', async () => {
  const { service, send, main } = await openCarrierService();
  await main.close();
  const message = await send({ to: newNumber() });
  expect(message.attempts).toMatchObject([
    { provider: 'main', status: 'failed', reason: 'connection_failed' },
    { provider: 'backup', status: 'sent' },
  ]);
  const { body } = await service.call('POST', '/v1/verifications', { to: newNumber(), channel: 'sms' });
  await service.settled();
  const { sends } = (await service.call('GET', `/v1/verifications/${body.id}`)).body;
  expect(sends).toMatchObject([{ status: 'sent', provider: 'backup' }]);
});

test.each<Fault | CarrierResponse>(['hang', 'reset', 'garbage', 'drip', 'huge', json(503, { message: 'no' })])(
  '%j after the request was read: it may have been sent, is unknown, and stays so (R35, R37, R39)',
  async (fault) => {
    const { service, send, main, backup } = await openCarrierService();
    main.next(fault);
    const message = await send({ to: newNumber() });
    expect(message).toMatchObject({ status: 'unknown', attempts: [{ status: 'unknown', provider: 'main' }] });
    service.clock.now += 3_600_000;
    await service.sendMessages();
    expect([main.requests.length, backup.requests.length]).toEqual([1, 0]);
  },
);

test('a bad number is turned away once, and a receipt cannot be missing for it (R40)', async () => {
  const { send, main, backup } = await openCarrierService();
  main.next(json(400, { code: 21211, message: 'no', status: 400 }));
  const message = await send({ to: newNumber() });
  expect(message).toMatchObject({ status: 'failed', reason: 'invalid_recipient', carrier_code: '21211', receipts: [] });
  expect([main.requests.length, backup.requests.length]).toEqual([1, 0]);
});

test('an unknown outcome is settled by the carrier’s receipt, by our reference alone', async () => {
  const { send, read, report, main } = await openCarrierService();
  main.next('hang');
  const { id } = await send({ to: newNumber() });
  const query = new URL(main.sent()[0]?.callback ?? '').search;
  expect(query).toContain(`${id}-1`);
  await report({ MessageSid: `SM${'9'.repeat(32)}`, MessageStatus: 'delivered' }, { query });
  expect(await read(id)).toMatchObject({ status: 'delivered', attempts: [{ status: 'delivered' }] });
});

test('a carrier that hangs delays nobody else: codes and other messages go on (R42)', async () => {
  const { service, main } = await openCarrierService();
  for (let count = 0; count < 60; count += 1) main.next('hang');
  for (let count = 0; count < 60; count += 1) {
    await service.call('POST', '/v1/messages', { to: newNumber(), text: 'x' });
  }
  const running = service.sendMessages();
  while (main.requests.length < 40) await new Promise(setImmediate);
  const started = await service.call('POST', '/v1/verifications', { to: newNumber(), channel: 'sms' });
  expect(started.status).toBe(201);
  await running;
  const list = await service.call('GET', '/v1/messages?status=unknown&limit=100');
  expect(list.body.data.length).toBeGreaterThan(0);
  for (const request of main.requests) expect(request.path).toContain('/Messages.json');
  const references = main.sent().map(({ callback }) => callback);
  expect(new Set(references).size).toBe(references.length);
});
