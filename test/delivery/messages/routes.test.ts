import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newNumber, openTestService, PROFILES, type TestService } from '../../service.ts';

describe.each(PROFILES)('messages on the %s profile', (profile) => {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService(profile);
  });
  afterAll(() => service?.close());

  const send = (body: object, options?: Parameters<TestService['call']>[3]) =>
    service.call('POST', '/v1/messages', body, options);
  const read = async (id: string) => (await service.call('GET', `/v1/messages/${id}`)).body;
  const eventsOf = async (id: string) => {
    const { body } = await service.call('GET', '/v1/events?type=message.*&limit=100');
    const own = body.data.filter((event: { message_id: string }) => event.message_id === id);
    return own.map(({ type }: { type: string }) => type).toReversed();
  };

  it('are on record when they are accepted, and then sent, delivered and told of', async () => {
    const to = newNumber();
    const accepted = await send({ to, text: 'Your table is ready.', metadata: { order: '17' } });
    expect(accepted).toMatchObject({
      status: 202,
      body: { status: 'accepted', to, segments: 1, encoding: 'gsm7', purpose: 'transactional' },
      headers: { location: `/v1/messages/${accepted.body.id}` },
    });
    expect(await read(accepted.body.id)).toMatchObject({ status: 'accepted', attempts: [], receipts: [], route: null });
    await service.sendMessages();
    expect(await service.phone(to)).toMatchObject([{ channel: 'sms', text: 'Your table is ready.' }]);
    expect(await read(accepted.body.id)).toMatchObject({
      ...{ status: 'delivered', provider: 'sandbox', text: 'Your table is ready.', metadata: { order: '17' } },
      route: { rule: null, candidates: [{ provider: 'sandbox' }], skipped: [] },
      attempts: [{ number: 1, provider: 'sandbox', status: 'delivered', parts: [{ status: 'delivered' }] }],
      receipts: [{ attempt: 1, provider: 'sandbox', status: 'delivered' }],
    });
    expect(await eventsOf(accepted.body.id)).toEqual(['message.accepted', 'message.sent', 'message.delivered']);
  });

  it('that carried a code are listed with it, without their text', async () => {
    const { body } = await service.call('POST', '/v1/verifications', { to: newNumber(), channel: 'sms' });
    await service.settled();
    const list = await service.call('GET', `/v1/messages?verification_id=${body.id}`);
    expect(list.body.data).toMatchObject([
      { purpose: 'code', status: 'delivered', verification_id: body.id, text: null, provider: 'sandbox' },
    ]);
    expect(await eventsOf(list.body.data[0].id)).toEqual([]);
  });

  it('wait for their time, and not longer than they are valid', async () => {
    const [soon, late] = [newNumber(), newNumber()];
    const sendAt = new Date(service.clock.now + 3_600_000).toISOString();
    const scheduled = await send({ to: soon, text: 'x', send_at: sendAt });
    const overdue = await send({ to: late, text: 'x', send_at: sendAt, validity_seconds: 60 });
    expect(scheduled.body).toMatchObject({ status: 'scheduled', send_at: sendAt });
    await service.sendMessages();
    expect(await service.phone(soon)).toEqual([]);
    service.clock.now += 3_600_000;
    await service.call('POST', `/v1/messages/${overdue.body.id}/cancel`, undefined);
    const expired = await send({ to: late, text: 'x', validity_seconds: 60 });
    service.clock.now += 60_000;
    await service.sendMessages();
    expect(await service.phone(soon)).toHaveLength(1);
    expect(await service.phone(late)).toEqual([]);
    expect(await read(expired.body.id)).toMatchObject({ status: 'expired', reason: 'expired', attempts: [] });
    expect(await eventsOf(scheduled.body.id)).toEqual(['message.scheduled', 'message.sent', 'message.delivered']);
    expect(await eventsOf(expired.body.id)).toEqual(['message.accepted', 'message.expired']);
  });

  it('that are called off in time are never sent; later is too late', async () => {
    const to = newNumber();
    const { body } = await send({ to, text: 'x' });
    const canceled = await service.call('POST', `/v1/messages/${body.id}/cancel`);
    expect(canceled).toMatchObject({ status: 200, body: { status: 'canceled' } });
    await service.sendMessages();
    expect(await service.phone(to)).toEqual([]);
    expect(await service.call('POST', `/v1/messages/${body.id}/cancel`)).toMatchObject({
      status: 409,
      body: { code: 'message_not_waiting', message_status: 'canceled' },
    });
    const sent = await send({ to, text: 'x' });
    await service.sendMessages();
    expect((await service.call('POST', `/v1/messages/${sent.body.id}/cancel`)).status).toBe(409);
    expect(await eventsOf(body.id)).toEqual(['message.accepted', 'message.canceled']);
  });

  it('are sent once for one Idempotency-Key, and for one that is repeated after a crash', async () => {
    const to = newNumber();
    const headers = { 'idempotency-key': `message-${to}` };
    const first = await send({ to, text: 'x' }, { headers });
    const again = await send({ to, text: 'x' }, { headers });
    expect(again.body.id).toBe(first.body.id);
    expect((await send({ to, text: 'y' }, { headers })).status).toBe(422);
    await service.sendMessages();
    expect(await service.phone(to)).toHaveLength(1);
  });

  it.each([
    ['0001', { status: 'undelivered', reason: 'unreachable_recipient' }],
    ['0003', { status: 'failed', reason: 'invalid_recipient' }],
    ['0004', { status: 'unknown', reason: 'timeout' }],
  ])('to %s end as %j', async (ending, expected) => {
    const { body } = await send({ to: newNumber(ending), text: 'x' });
    await service.sendMessages();
    expect(await read(body.id)).toMatchObject(expected);
    expect((await eventsOf(body.id)).at(-1)).toBe(`message.${expected.status}`);
  });

  it('without a receipt are unknown in the end', async () => {
    const { body } = await send({ to: newNumber('0002'), text: 'x' });
    await service.sendMessages();
    expect(await read(body.id)).toMatchObject({ status: 'sent' });
    service.clock.now += 3 * 86_400_000;
    await service.sendMessages();
    expect(await read(body.id)).toMatchObject({ status: 'unknown', reason: 'no_receipt' });
  });

  it('are found by recipient and status, a page at a time', async () => {
    const to = newNumber();
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      service.clock.now += 1;
      ids.unshift((await send({ to, text: 'x' })).body.id);
    }
    const first = await service.call('GET', `/v1/messages?to=${encodeURIComponent(to)}&limit=2`);
    expect(first.body.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2));
    const second = await service.call(
      'GET',
      `/v1/messages?to=${encodeURIComponent(to)}&limit=2&cursor=${first.body.next_cursor}`,
    );
    expect(second.body).toMatchObject({ data: [{ id: ids[2] }], next_cursor: null });
    const none = await service.call('GET', `/v1/messages?to=${encodeURIComponent(to)}&status=delivered`);
    expect(none.body.data).toEqual([]);
    await service.sendMessages();
  });

  it.each([
    [{ to: '12', text: 'x' }, '/to'],
    [{ to: '+33612345678', text: ' \u202e ' }, '/text'],
    [{ to: '+33612345678', text: '\u200c\u200d' }, '/text'],
    [{ to: '+33612345678', text: 'x', sender: 'a\u0001@example.com' }, '/sender'],
    [{ to: '+33612345678', text: 'я'.repeat(700) }, '/text'],
    [{ to: '+33612345678', text: 'x', template: 'tpl_1' }, '/template'],
    [{ to: '+33612345678', text: 'x', sender: 'much too long a name' }, '/sender'],
    [{ to: '+33612345678', text: 'x', validity_seconds: 1 }, '/validity_seconds'],
    [{ to: '+33612345678', text: 'x', send_at: '2030-01-01T00:00:00Z' }, '/send_at'],
    [{ to: '+33612345678', text: 'x', subject: 'Hello' }, '/subject'],
    [{ to: 'ann@example.com', text: 'x', channel: 'email' }, '/subject'],
    [{ to: 'ann@example', text: 'x', channel: 'email', subject: 'Hello' }, '/to'],
  ])('422 for %j', async (body, pointer) => {
    const answer = await send(body);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });

  it.each(['messages', 'events'])('%s are not looked for by what no id is', async (list) => {
    expect(await service.call('GET', `/v1/${list}?verification_id=%00`)).toMatchObject({ status: 422 });
  });

  it('lose what hides in a text, and keep its lines', async () => {
    const to = newNumber();
    await send({ to, text: 'One\r\nTwo\u0007 \u202egnp\u202c\tend \n\n' });
    await service.sendMessages();
    expect((await service.phone(to))[0]?.text).toBe('One\nTwo gnp end');
  });

  it('are sent in fewer segments when like characters may stand in, and are counted as they are sent', async () => {
    const text = `It’s ready: ${'x'.repeat(100)}`;
    const plain = await send({ to: newNumber(), text });
    const to = newNumber();
    const smart = await send({ to, text, smart_encoding: true });
    expect(plain.body).toMatchObject({ segments: 2, encoding: 'ucs2' });
    expect(smart.body).toMatchObject({ segments: 1, encoding: 'gsm7' });
    await service.sendMessages();
    expect((await service.phone(to))[0]).toMatchObject({ text: text.replace('’', "'"), segments: 1 });
  });

  it('by e-mail have a subject', async () => {
    const { body } = await send({ to: 'Ann@Example.com', channel: 'email', subject: 'Hello', text: 'x' });
    expect(body).toMatchObject({ to: 'Ann@example.com', subject: 'Hello', segments: null, encoding: null });
    await service.sendMessages();
    expect(await read(body.id)).toMatchObject({ status: 'delivered', country: null });
  });

  it('of another project or mode are not there', async () => {
    const { body } = await send({ to: newNumber(), text: 'x' });
    const other = (await service.call('POST', '/v1/projects', { name: 'Other' })).body.id;
    const keyOf = async (input: object) =>
      (await service.call('POST', '/v1/keys', { name: 'k', scopes: ['messages:send', 'messages:read'], ...input })).body
        .key;
    for (const key of [await keyOf({ project: other, mode: 'test' }), await keyOf({ mode: 'live' })]) {
      expect((await service.call('GET', `/v1/messages/${body.id}`, undefined, { key })).status).toBe(404);
      expect((await service.call('POST', `/v1/messages/${body.id}/cancel`, undefined, { key })).status).toBe(404);
      expect((await service.call('GET', '/v1/messages', undefined, { key })).body.data).toEqual([]);
    }
    await service.sendMessages();
  });
});

it('a live message in production without a provider is refused, in development it reaches the sandbox', async () => {
  for (const [mode, status] of [
    ['production', 422],
    ['development', 202],
  ] as const) {
    const key = `cs_live_${randomBytes(24).toString('base64url')}`;
    const service = await openTestService('embedded', { mode, key });
    const answer = await service.call('POST', '/v1/messages', { to: newNumber(), text: 'x' });
    expect(answer.status).toBe(status);
    if (status === 422) expect(answer.body).toMatchObject({ code: 'no_provider' });
    await service.close();
  }
});
