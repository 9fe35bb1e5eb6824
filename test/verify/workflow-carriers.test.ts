import { expect, it } from 'vitest';
import { type CarrierRequest, openCarrierFake } from '../delivery/providers/carrier-fake.ts';
import { openRelay } from '../delivery/providers/smtp-relay.ts';
import { openCarrierService } from '../delivery/twilio-service.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, PROFILES, type Profile } from '../service.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `workflows through carriers on the ${profile} profile`, () => workflows(profile));
}

/** Two accounts for SMS, a mail relay and Telegram's gateway. */
async function open(profile: Profile) {
  const relay = await openRelay();
  const gateway = await openCarrierFake(({ body }: CarrierRequest) => {
    const { phone_number, payload } = JSON.parse(body);
    return { status: 200, body: { ok: true, result: { request_id: '1', phone_number, payload } } };
  });
  const carriers = await openCarrierService(profile, {
    policy: { allowed_channels: ['sms', 'email', 'telegram'] },
    more: [
      '  relay: { type: smtp, host: 127.0.0.1, security: none, port: ',
      relay.port,
      ' }\n',
      '  gateway: { type: telegram, access_token: AAEgAAAAtokenOfTheGatewayAccount, base_url: "',
      gateway.url,
      '" }\n',
      'routes:\n  senders: [{ value: otp@example.com, kind: email }]\n',
    ].join(''),
  });
  const { service } = carriers;
  const person = { to: newNumber(), email: 'Ann.Lee+otp@Example.com' };
  async function start(workflow: { channel: string; wait_seconds?: number }[]): Promise<string> {
    const answer = await service.call('POST', '/v1/verifications', { ...person, workflow });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    await service.recorded();
    return answer.body.id;
  }
  const sendsOf = async (id: string) =>
    (await service.call('GET', `/v1/verifications/${id}`)).body.sends.map(
      ({ channel, status, provider }: Record<string, string>) => `${channel} ${status} ${provider}`,
    );
  /** The message of a verification's only send by this channel, with its tries. */
  async function messageOf(id: string, channel: string) {
    await service.recorded();
    const { body } = await service.call('GET', `/v1/messages?verification_id=${id}`);
    return carriers.read(body.data.find((message: { channel: string }) => message.channel === channel).id);
  }
  return { ...carriers, relay, gateway, person, start, sendsOf, messageOf };
}

function workflows(profile: Profile): void {
  it('go by SMS, at once by e-mail when the carrier reports a failure, and by Telegram after the wait', async () => {
    const { service, main, backup, relay, gateway, person, report, start, sendsOf, messageOf } = await open(profile);
    const id = await start([
      { channel: 'sms', wait_seconds: 30 },
      { channel: 'email', wait_seconds: 30 },
      { channel: 'telegram' },
    ]);
    const code = /\b\d{6}\b/.exec(main.sent()[0]?.text ?? '')?.[0] ?? 'none';
    const sms = await messageOf(id, 'sms');
    const MessageSid = sms.attempts[0].parts[0].provider_id;
    await report({ MessageSid, MessageStatus: 'undelivered', ErrorCode: '30005' });
    expect(await sendsOf(id)).toEqual(['sms failed main', 'email sent relay']);
    // As given, but for the case of the domain.
    const address = 'Ann.Lee+otp@example.com';
    expect(relay.mails.map(({ from, to }) => [from, ...to])).toEqual([['otp@example.com', address]]);
    expect(relay.mails[0]?.raw).toContain(code);
    expect(await messageOf(id, 'email')).toMatchObject({ to: address, country: null, status: 'sent' });
    const found = await service.call('GET', `/v1/messages?to=${encodeURIComponent('ann.lee@example.com')}`);
    expect(found.body.data).toMatchObject([{ to: address, verification_id: id }]);

    service.clock.now += 30_000;
    await service.work();
    expect(gateway.requests.map(({ body }) => JSON.parse(body))).toMatchObject([{ phone_number: person.to, code }]);
    expect(backup.sent()).toEqual([]);
    const checked = await service.call('POST', `/v1/verifications/${id}/check`, { code });
    expect(checked.body).toMatchObject({ valid: true });
  });

  it('are undeliverable when the relay refuses and the carrier reports a failure', async () => {
    const { service, relay, report, start, sendsOf, messageOf } = await open(profile);
    relay.next('rcpt', '550 5.1.1 no such mailbox');
    const id = await start([{ channel: 'email', wait_seconds: 30 }, { channel: 'sms' }]);
    expect(await sendsOf(id)).toEqual(['email failed relay', 'sms sent main']);
    const MessageSid = (await messageOf(id, 'sms')).attempts[0].parts[0].provider_id;
    await report({ MessageSid, MessageStatus: 'failed', ErrorCode: '30005' });
    expect(await sendsOf(id)).toEqual(['email failed relay', 'sms failed main']);
    const { body } = await service.call('GET', `/v1/verifications/${id}`);
    expect(body).toMatchObject({ status: 'undeliverable', next_send_at: null });
    await report({ MessageSid, MessageStatus: 'delivered' });
    expect(await sendsOf(id)).toEqual(['email failed relay', 'sms failed main']);
  });

  it('resend through the provider that did not carry the send before', async () => {
    const { service, main, backup, start, sendsOf } = await open(profile);
    const id = await start([{ channel: 'sms' }]);
    for (const _ of [1, 2]) {
      service.clock.now += 60_000;
      await service.call('POST', `/v1/verifications/${id}/resend`, {});
      await service.settled();
    }
    expect((await sendsOf(id)).map((send: string) => send.split(' ')[2])).toEqual(['main', 'backup', 'main']);
    expect([main.sent().length, backup.sent().length]).toEqual([2, 1]);
  });
}
