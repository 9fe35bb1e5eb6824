import { describe, expect, onTestFinished, test } from 'vitest';
import { newNumber, openTestService, PROFILES } from '../service.ts';
import { openCarrierService, PUBLIC_URL, TOKEN } from './twilio-service.ts';

describe.each(PROFILES)('callbacks on the %s profile', (profile) => {
  test('a receipt that is signed settles its message; the carrier was told where to send it', async () => {
    const { send, read, report, main } = await openCarrierService(profile);
    const { id, attempts } = await send({ to: newNumber() });
    expect(main.sent()[0]?.callback).toBe(`${PUBLIC_URL}/callbacks/main/receipts?ref=${id}-1`);
    const MessageSid = attempts[0].parts[0].provider_id;
    const answer = await report({ MessageSid, MessageStatus: 'delivered' });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(await read(id)).toMatchObject({
      status: 'delivered',
      receipts: [{ provider: 'main', provider_id: MessageSid, status: 'delivered', attempt: 1 }],
    });
  });

  test('a failed receipt of a code moves its verification to the next step at once', async () => {
    const { service, report, main } = await openCarrierService(profile);
    const workflow = [{ channel: 'sms', wait_seconds: 300 }, { channel: 'sms' }];
    const { body } = await service.call('POST', '/v1/verifications', { to: newNumber(), workflow });
    await service.settled();
    const list = await service.call('GET', `/v1/messages?verification_id=${body.id}`);
    const story = await service.call('GET', `/v1/messages/${list.body.data[0].id}`);
    const MessageSid = story.body.attempts[0].parts[0].provider_id;
    await report({ MessageSid, MessageStatus: 'undelivered', ErrorCode: '30003' });
    await service.settled();
    const { sends } = (await service.call('GET', `/v1/verifications/${body.id}`)).body;
    expect(sends).toMatchObject([
      { status: 'failed', provider: 'main', reason: 'unreachable_recipient' },
      // The one that did not deliver is tried last.
      { status: 'sent', provider: 'backup' },
    ]);
    expect(main.requests).toHaveLength(1);
    const events = await service.events(body.id);
    expect(events.map(({ type }) => type)).toContain('verification.undelivered');
  });

  test('with the database away a carrier is told to come again, and loses nothing (R48)', async () => {
    const { service, send, read, report } = await openCarrierService(profile);
    const { id, attempts } = await send({ to: newNumber() });
    const receipt = { MessageSid: attempts[0].parts[0].provider_id, MessageStatus: 'delivered' };
    const { kysely } = service.services.db;
    await kysely.schema.alterTable('receipts').renameTo('receipts_away').execute();
    const refused = await report(receipt).catch((error) => error);
    await kysely.schema.alterTable('receipts_away').renameTo('receipts').execute();
    expect(refused.statusCode ?? 500).toBeGreaterThanOrEqual(500);
    expect((await report(receipt)).statusCode).toBe(204);
    expect(await read(id)).toMatchObject({ status: 'delivered' });
  });
});

describe('a callback', () => {
  const MessageSid = `SM${'1'.repeat(32)}`;

  test.each<[string, Parameters<Awaited<ReturnType<typeof openCarrierService>>['report']>[1], number]>([
    ['signed with another secret', { token: 'x'.repeat(32) }, 401],
    ['with another body than was signed', { body: 'MessageSid=other&MessageStatus=delivered' }, 401],
    ['without a signature', { headers: { 'x-twilio-signature': '' } }, 401],
    ['of another provider’s path', { provider: 'backup' }, 204],
    ['of a provider that there is not', { provider: 'nobody' }, 404],
    ['of the sandbox', { provider: 'sandbox' }, 404],
    ['of a member of every object', { provider: 'constructor' }, 404],
  ])('%s: changes nothing', async (_, over, status) => {
    const { send, read, report } = await openCarrierService();
    const { id } = await send({ to: newNumber() });
    expect((await report({ MessageSid, MessageStatus: 'delivered' }, over)).statusCode).toBe(status);
    expect(await read(id)).toMatchObject({ status: 'sent', receipts: [] });
  });

  test('that is replayed changes nothing', async () => {
    const { service, send, read, report } = await openCarrierService();
    const { id, attempts } = await send({ to: newNumber() });
    const sid = attempts[0].parts[0].provider_id;
    for (let count = 0; count < 3; count += 1) await report({ MessageSid: sid, MessageStatus: 'delivered' });
    service.clock.now += 1;
    await report({ MessageSid: sid, MessageStatus: 'undelivered' });
    const story = await read(id);
    expect(story.status).toBe('delivered');
    expect(story.receipts.map(({ status }: { status: string }) => status)).toEqual(['delivered', 'undelivered']);
  });

  test('needs no key, is bounded, and is taken in any content type', async () => {
    const { service, report } = await openCarrierService();
    const huge = await report({ MessageSid, MessageStatus: 'sent' }, { body: 'x'.repeat(300_000) });
    expect(huge.statusCode).toBe(413);
    for (const type of ['text/plain', 'application/json', 'multipart/form-data; boundary=x']) {
      const answer = await report({ MessageSid, MessageStatus: 'sent' }, { headers: { 'content-type': type } });
      expect([204, 400, 401]).toContain(answer.statusCode);
    }
    const get = await service.app.inject({ method: 'GET', url: '/callbacks/main/receipts?a=1' });
    expect([204, 400, 401]).toContain(get.statusCode);
    for (const url of ['/callbacks/main/other', '/callbacks/main/voice', '/callbacks/main']) {
      expect((await service.app.inject({ method: 'POST', url })).statusCode).toBe(404);
    }
  });

  test.each([
    ['another spelling of the path', '/%63allbacks/main/receipts', 'localhost'],
    ['a Host that is none', '/callbacks/main/receipts', '['],
  ])('with %s is refused as malformed', async (_, url, host) => {
    const service = await openTestService('embedded');
    onTestFinished(() => service.close());
    const answer = await service.app.inject({ method: 'POST', url, headers: { host } });
    expect(answer.statusCode).toBe(400);
  });

  test('tells the log and the metrics that it was refused, and neither of them what was in it', async () => {
    const { service, report } = await openCarrierService();
    await report({ MessageSid, MessageStatus: 'delivered' }, { token: 'x'.repeat(32) });
    const { body } = await service.call('GET', '/metrics');
    expect(body).toContain('countersign_callbacks_total{provider="main",kind="receipts",result="unauthenticated"} 1');
    expect(body).not.toContain(MessageSid);
    expect(TOKEN).not.toBe('');
  });
});
