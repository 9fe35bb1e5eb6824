import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readWav } from '../../../src/delivery/speech/read-wav.ts';
import { describeWith } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type TestService } from '../../service.ts';
import { tone, wavOf } from '../sip/tones.ts';
import { openPhone, PUBLIC_URL } from '../voice/phone-service.ts';

type PhoneService = Awaited<ReturnType<typeof openPhone>>;

async function upload({ app, key }: TestService, seconds = 1): Promise<string> {
  const response = await app.inject({
    method: 'POST',
    url: '/v1/recordings',
    payload: wavOf(tone([440], seconds * 1_000)),
    headers: { authorization: `Bearer ${key}`, 'content-type': 'audio/wav' },
  });
  return response.json().id;
}

const busy = { CallStatus: 'busy', SipResponseCode: '486' };
const text = 'The shop is closed today.';

describe.each(PROFILES)('messages by call on the %s profile', (profile) => {
  it('say their text twice, long numbers digit by digit, and count as delivered when they are asked for', async () => {
    const { send, read, pickUp } = await openPhone(profile);
    const { id } = await send({ text: 'Order 482913 of\n2026 costs 12000.50 EUR.', locale: 'en-GB' });
    const said = await pickUp().hear();
    expect(said.match(/Order<break time="200ms"\/>4<break time="350ms"\/>8/g)).toHaveLength(2);
    expect(said).toContain('of 2026 costs 12000.50 EUR.');
    expect(said).toMatch(/Goodbye\.<\/Say><Hangup\/>/);
    expect(await read(id)).toMatchObject({
      status: 'delivered',
      segments: null,
      call: { recording: null, duration_seconds: null, repeats: 2, press_key: null, retry: { attempts: 1 } },
    });
  });

  it('are said to who presses the key, who is told who is calling', async () => {
    const { send, pickUp } = await openPhone(profile, { voice: { brand: 'Example dot com', voice: 'Polly.Mathieu' } });
    await send({ text: 'Fermé.', locale: 'fr', press_key: '4', repeats: 1 });
    const call = pickUp();
    const greeting = await call.hear();
    expect(greeting).toContain('<Say voice="Polly.Mathieu">Bonjour. Example dot com.<break time="200ms"/>');
    expect(greeting).toContain('Pour entendre le message, appuyez sur 4.');
    expect(greeting).not.toContain('Fermé');
    expect((await call.hear('4')).match(/Fermé\./g)).toHaveLength(1);
  });

  it('are made no more to who has pressed the key for it; codes and texts still are', async () => {
    const { service, send, read, pickUp, start, carrier } = await openPhone(profile);
    const to = newNumber();
    const first = await send({ to, text, opt_out_key: '9' });
    const call = pickUp();
    expect(await call.hear()).toContain('To receive no more calls like this, press 9.');
    await call.hear('9');
    expect(await read(first.id)).toMatchObject({ status: 'delivered' });
    for (const opted of [{}, { opt_out_key: '9' }, { send_at: new Date(service.clock.now + 60_000).toISOString() }]) {
      const { id } = await send({ to, text, ...opted });
      service.clock.now += 60_000;
      await service.sendMessages();
      expect(await read(id)).toMatchObject({ status: 'blocked', reason: 'opted_out', attempts: [] });
    }
    expect(carrier.requests).toHaveLength(1);
    await service.recorded();
    const { body } = await service.call('GET', '/v1/events?type=recipient.*');
    expect(body.data).toMatchObject([
      { type: 'recipient.opted_out', message_id: first.id, data: { channel: 'voice', by: 'key', provider: 'calls' } },
    ]);
    const blocked = await service.call('GET', '/v1/events?type=message.blocked');
    expect(blocked.body.data).toHaveLength(3);
    await start({ to });
    await send({ text });
    expect(carrier.requests).toHaveLength(3);
    const other = (await service.call('POST', '/v1/projects', { name: 'Other' })).body.id;
    const created = { name: 'k', scopes: ['messages:send'], project: other, mode: 'live' };
    const { key } = (await service.call('POST', '/v1/keys', created)).body;
    await service.call('POST', '/v1/messages', { to, channel: 'voice', text }, { key });
    await service.sendMessages();
    expect(carrier.requests).toHaveLength(4);
  });

  it('are made again after busy, each with an attempt of its own', async () => {
    const { service, send, read, pickUp, carrier } = await openPhone(profile);
    const { id } = await send({ text, retry: { attempts: 3, wait_seconds: 300 } });
    await pickUp().end(busy);
    expect(await read(id)).toMatchObject({ status: 'queued' });
    service.clock.now += 299_000;
    await service.sendMessages();
    expect(carrier.requests).toHaveLength(1);
    service.clock.now += 1_000;
    await service.sendMessages();
    expect(carrier.requests).toHaveLength(2);
    await pickUp().hear();
    await service.sendMessages();
    expect(await read(id)).toMatchObject({
      status: 'delivered',
      attempts: [
        { number: 1, provider: 'calls', status: 'undelivered', reason: 'busy', carrier_code: '486' },
        { number: 2, provider: 'calls', status: 'delivered', reason: null },
      ],
    });
    await service.recorded();
    const { body } = await service.call('GET', '/v1/events?type=message.*');
    expect(body.data.map(({ type }: { type: string }) => type).toReversed()).toEqual([
      'message.accepted',
      'message.sent',
      'message.sent',
      'message.delivered',
    ]);
  });
});

describe('a call is made again', () => {
  const again = async ({ service }: PhoneService, ms: number) => {
    service.clock.now += ms;
    await service.sendMessages();
  };

  it('as the policy says, where the message does not', async () => {
    const phone = await openPhone('embedded', { call_retry: { attempts: 2, wait_seconds: 45, on: ['declined'] } });
    const { id, call } = await phone.send({ text });
    expect(call.retry).toEqual({ attempts: 2, wait_seconds: 45, on: ['declined'] });
    await phone.pickUp().end({ CallStatus: 'busy', SipResponseCode: '603' });
    await again(phone, 45_000);
    expect(phone.carrier.requests).toHaveLength(2);
    await phone.pickUp().end({ CallStatus: 'busy', SipResponseCode: '603' });
    await again(phone, 3_600_000);
    expect(phone.carrier.requests).toHaveLength(2);
    expect(await phone.read(id)).toMatchObject({ status: 'undelivered', reason: 'declined', attempts: [{}, {}] });
  });

  it.each<[string, object, Record<string, string>]>([
    ['for another reason', { attempts: 3, on: ['no_answer'] }, busy],
    ['later than it is valid', { attempts: 3, wait_seconds: 3_600 }, busy],
    ['after it was heard', { attempts: 3, on: ['no_key_pressed', 'busy'] }, { CallStatus: 'completed' }],
  ])('never %s', async (name, retry, end) => {
    const phone = await openPhone();
    const { id } = await phone.send({ text, retry, validity_seconds: 3_600 });
    if (name === 'after it was heard') await phone.pickUp().hear();
    await phone.pickUp().end(end);
    expect(await phone.read(id)).toMatchObject({ status: end === busy ? 'undelivered' : 'delivered' });
    await again(phone, 3_600_000);
    expect(phone.carrier.requests).toHaveLength(1);
  });

  it('also when the carrier refused it at once, as long as it is valid', async () => {
    const phone = await openPhone();
    const unreachable = { status: 400, body: { code: 21214, status: 400 } };
    const retry = { attempts: 5, wait_seconds: 60, on: ['unreachable_recipient'] };
    phone.carrier.next(unreachable);
    const { id } = await phone.send({ text, retry, validity_seconds: 100 });
    expect(await phone.read(id)).toMatchObject({ status: 'queued', attempts: [{ status: 'rejected' }] });
    phone.carrier.next(unreachable);
    await again(phone, 60_000);
    await again(phone, 60_000);
    expect(phone.carrier.requests).toHaveLength(2);
    expect(await phone.read(id)).toMatchObject({
      status: 'failed',
      reason: 'unreachable_recipient',
      attempts: [{}, {}],
    });
  });

  it('not when it is called off meanwhile, and not to who has opted out meanwhile', async () => {
    const phone = await openPhone();
    const to = newNumber();
    const called = await phone.send({ text, retry: { attempts: 2 } });
    await phone.pickUp().end(busy);
    expect((await phone.service.call('POST', `/v1/messages/${called.id}/cancel`)).status).toBe(200);
    const waiting = await phone.send({ to, text, retry: { attempts: 2 } });
    await phone.pickUp().end(busy);
    await phone.send({ to, text, opt_out_key: '9', press_key: '1' });
    const call = phone.pickUp();
    await call.hear();
    await call.hear('9');
    await again(phone, 3_600_000);
    expect(phone.carrier.requests).toHaveLength(3);
    expect(await phone.read(waiting.id)).toMatchObject({ status: 'blocked', reason: 'opted_out', attempts: [{}] });
  });

  it('by nobody when the one before may have been heard', async () => {
    const phone = await openPhone();
    phone.carrier.next('reset');
    const { id } = await phone.send({ text, retry: { attempts: 3 } });
    await again(phone, 3_600_000);
    expect(phone.carrier.requests).toHaveLength(1);
    expect(await phone.read(id)).toMatchObject({ status: 'unknown' });
  });
});

await describeWith(['ffmpeg'], 'a recording', () => {
  it('is played from a link that the carrier can fetch, and the words for the key after it', async () => {
    const { service, send, read, pickUp } = await openPhone();
    const recording = await upload(service);
    const { id } = await send({ recording, repeats: 2, opt_out_key: '9', locale: 'de' });
    const said = await pickUp().hear();
    expect(said).toMatch(
      /^<Response><Gather [^>]*><Play>[^<]+<\/Play><Play>[^<]+<\/Play><Say [^>]*>(?:<break[^>]*>)+Wenn Sie/,
    );
    const link = /<Play>([^<]+)</.exec(said)?.[1] ?? '';
    const fetched = await service.app.inject({ method: 'GET', url: link.slice(PUBLIC_URL.length) });
    expect(readWav(fetched.rawPayload)?.samples).toHaveLength(8_000);
    expect(await read(id)).toMatchObject({
      status: 'delivered',
      text: null,
      call: { recording, duration_seconds: 2, repeats: 2, opt_out_key: '9' },
    });
  });

  it('that was deleted meanwhile lets its message fail, and nobody is called', async () => {
    const { service, send, read, carrier } = await openPhone();
    const recording = await upload(service);
    const { id } = await send({ recording, send_at: new Date(service.clock.now + 60_000).toISOString() });
    await service.call('DELETE', `/v1/recordings/${recording}`);
    service.clock.now += 60_000;
    await service.sendMessages();
    expect(await read(id)).toMatchObject({ status: 'failed', reason: 'invalid_message', attempts: [] });
    expect(carrier.requests).toEqual([]);
  });

  it('of another mode, or longer with its repeats than a call may be, is refused', async () => {
    const service = await openTestService('embedded');
    onTestFinished(() => service.close());
    const recording = await upload(service, 100);
    const send = (body: object, key = service.key) =>
      service.call('POST', '/v1/messages', { to: newNumber(), channel: 'voice', recording, ...body }, { key });
    expect((await send({ repeats: 2 })).status).toBe(202);
    expect(await send({ repeats: 3 })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/repeats' }] } });
    const { key } = (await service.call('POST', '/v1/keys', { name: 'k', scopes: ['messages:send'], mode: 'live' }))
      .body;
    expect(await send({}, key)).toMatchObject({ status: 422, body: { errors: [{ pointer: '/recording' }] } });
  });
});

describe('in the sandbox', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService('embedded');
  });
  afterAll(() => service?.close());
  const send = (body: object) => service.call('POST', '/v1/messages', { to: newNumber(), channel: 'voice', ...body });

  it('what would be said is shown', async () => {
    const to = newNumber();
    await send({ to, text: 'Fermé.', locale: 'fr-CA', press_key: '1', opt_out_key: '9' });
    await service.sendMessages();
    const shown = { channel: 'voice', text: 'Fermé. Pour ne plus recevoir ces appels, appuyez sur 9.' };
    expect(await service.phone(to)).toMatchObject([shown]);
  });

  const none = `rec_${'0'.repeat(26)}`;
  it.each<[object, string]>([
    [{}, '/text'],
    [{ text: ' \u202e ' }, '/text'],
    [{ text, recording: none }, '/text'],
    [{ text: 'x'.repeat(2_001) }, '/text'],
    [{ recording: none }, '/recording'],
    [{ recording: '../../etc/passwd' }, '/recording'],
    [{ text, repeats: 6 }, '/repeats'],
    [{ text, press_key: '#' }, '/press_key'],
    [{ text, press_key: '9', opt_out_key: '9' }, '/opt_out_key'],
    [{ text, locale: 'cy', opt_out_key: '9' }, '/locale'],
    [{ text, retry: { attempts: 6 } }, '/retry/attempts'],
    [{ text, retry: { wait_seconds: 1 } }, '/retry/wait_seconds'],
    [{ text, retry: { on: ['unknown'] } }, '/retry/on/0'],
    [{ text, retry: { on: ['busy', 'busy'] } }, '/retry/on'],
    [{ text, channel: 'sms', repeats: 2 }, '/repeats'],
    [{ text, channel: 'sms', retry: {} }, '/retry'],
    [{ recording: none, channel: 'sms' }, '/recording'],
    [{ channel: 'sms' }, '/text'],
  ])('422 for %j', async (body, pointer) => {
    expect(await send(body)).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });
});
