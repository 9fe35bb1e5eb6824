import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { referenceOf } from '../../src/delivery/messages/message.ts';
import type { ReceiptStatus } from '../../src/delivery/provider.ts';
import { CHANNELS, type Channel } from '../../src/lib/channels.ts';
import { handleReceipt } from '../../src/verify/receipts.ts';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type Profile, type TestService } from '../service.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `workflows on the ${profile} profile`, () => workflows(profile));
}

let people = 0;
/** Somebody with a number and an address that nobody else has. */
function newPerson(number = '9', name = 'x') {
  people += 1;
  return { to: newNumber(number), email: `p${people}-${name}@example.com` };
}

function workflows(profile: Profile): void {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService(profile, {
      policy: { allowed_channels: [...CHANNELS], limits: { ip: { max: 10_000 } } },
    });
  });
  afterAll(() => service?.close());

  const post = (body: object) => service.call('POST', '/v1/verifications', body);
  const resend = (id: string, body: object) => service.call('POST', `/v1/verifications/${id}/resend`, body);
  const check = (id: string, code: string) => service.call('POST', `/v1/verifications/${id}/check`, { code });
  const read = async (id: string) => (await service.call('GET', `/v1/verifications/${id}`)).body;
  const sendsOf = async (id: string) =>
    (await read(id)).sends.map(({ channel, status }: { channel: string; status: string }) => `${channel} ${status}`);
  const eventsOf = async (id: string, type: string) =>
    (await service.events(id)).filter((event) => event.type === `verification.${type}`);

  async function start(body: object): Promise<string> {
    const answer = await post(body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    await service.settled();
    return answer.body.id;
  }
  async function pass(seconds: number): Promise<void> {
    service.clock.now += seconds * 1000;
    await service.work();
  }
  /** What a person has got, oldest first: the phone and the mailbox. */
  async function received({ to, email }: { to: string; email: string }): Promise<string[]> {
    const inOrder = [...(await service.phone(to)).toReversed(), ...(await service.phone(email)).toReversed()];
    return inOrder.toSorted((a, b) => (a.received_at < b.received_at ? -1 : 1)).map(({ channel }) => channel);
  }
  /** What the carrier says later of one send. */
  async function report(id: string, channel: Channel, status: ReceiptStatus): Promise<void> {
    await service.recorded();
    const { body } = await service.call('GET', `/v1/messages?verification_id=${id}`);
    const message = body.data.find((one: { channel: string }) => one.channel === channel);
    await service.services.delivery.receive('sandbox', [{ reference: referenceOf(message.id, 1), status }]);
    await service.work();
  }

  it.each<Channel[]>([
    ['sms', 'voice', 'email', 'whatsapp', 'telegram'],
    ['telegram', 'whatsapp', 'email', 'voice', 'sms'],
    ['email', 'sms', 'telegram', 'voice', 'whatsapp'],
    ['whatsapp', 'email', 'sms', 'telegram', 'voice'],
  ])('send one code by %s, %s, %s, %s and %s, each when its time has come', async (...channels) => {
    const person = newPerson();
    const workflow = channels.map((channel, index) => ({ channel, wait_seconds: 20 + 10 * index }));
    const id = await start({ ...person, workflow });
    for (const [index, { wait_seconds }] of workflow.entries()) {
      const isLast = index === channels.length - 1;
      expect(await received(person)).toEqual(channels.slice(0, index + 1));
      expect((await read(id)).next_send_at).toBe(
        isLast ? null : new Date(service.clock.now + wait_seconds * 1000).toISOString(),
      );
      await pass(wait_seconds - 1);
      expect(await received(person)).toEqual(channels.slice(0, index + 1));
      await pass(1);
    }
    expect(await received(person)).toEqual(channels);
    const code = await service.codeOf(person.to);
    expect(await service.codeOf(person.email)).toBe(code);
    expect((await check(id, code)).body.valid).toBe(true);
  });

  it.each(['approved', 'canceled', 'expired'] as const)('send nothing more once the code is %s', async (end) => {
    const person = newPerson();
    const workflow = [
      { channel: 'sms', wait_seconds: 30 },
      { channel: 'email', wait_seconds: 5 },
      { channel: 'voice' },
    ];
    const id = await start({ ...person, workflow, ttl_seconds: 60 });
    if (end === 'approved') await check(id, await service.codeOf(person.to));
    if (end === 'canceled') await service.call('POST', `/v1/verifications/${id}/cancel`);
    // Nobody looked until both had come, the next step and the end.
    await pass(end === 'expired' ? 60 : 30);
    await pass(60);
    expect(await received(person)).toEqual(['sms']);
    expect(await read(id)).toMatchObject({ status: end, next_send_at: null, sends: [{ channel: 'sms' }] });
  });

  it('tell of a send whose receipt is faster than the answer to the call', async () => {
    const { verify } = service.services;
    const { deliver } = verify;
    onTestFinished(() => {
      verify.deliver = deliver;
    });
    verify.deliver = async (message, signal) => {
      const { verificationId, sendIndex } = message;
      const receipt = { verificationId, sendIndex, status: 'delivered', provider: 'sandbox' } as const;
      await handleReceipt(verify, receipt, service.clock.now);
      return deliver(message, signal);
    };
    const id = await start({ to: newNumber('0002'), channel: 'sms' });
    await service.recorded();
    const types = (await service.events(id)).map(({ type }) => type);
    expect(types.toSorted()).toEqual(['verification.created', 'verification.delivered', 'verification.sent']);
  });

  it('go on at once from a step that is refused or reported as failed', async () => {
    const workflow = [
      { channel: 'sms', wait_seconds: 30 },
      { channel: 'email', wait_seconds: 30 },
      { channel: 'voice' },
    ];
    for (const number of ['0001', '0003']) {
      const person = newPerson(number);
      const id = await start({ ...person, workflow });
      await service.work();
      expect(await received(person)).toEqual(['email']);
      expect(await sendsOf(id)).toEqual(['sms failed', 'email delivered']);
      expect((await read(id)).next_send_at).toBe(new Date(service.clock.now + 30_000).toISOString());
    }
  });

  it('wait for a send that may have gone out', async () => {
    const person = newPerson('0004');
    const id = await start({ ...person, workflow: [{ channel: 'sms', wait_seconds: 30 }, { channel: 'email' }] });
    await pass(29);
    expect(await sendsOf(id)).toEqual(['sms unknown']);
    await pass(1);
    expect(await sendsOf(id)).toEqual(['sms unknown', 'email delivered']);
  });

  it.each([
    ['refused', '0003'],
    ['reported as failed', '0001'],
  ])('are undeliverable when every step is %s', async (_how, ending) => {
    const person = newPerson(ending, ending);
    const workflow = ['sms', 'email', 'voice', 'telegram', 'whatsapp'].map((channel) => ({ channel, wait_seconds: 9 }));
    const id = await start({ ...person, workflow });
    await service.work();
    expect(await sendsOf(id)).toEqual(workflow.map(({ channel }) => `${channel} failed`));
    expect(await read(id)).toMatchObject({ status: 'undeliverable', next_send_at: null });
    expect(await eventsOf(id, 'undeliverable')).toHaveLength(1);
    expect((await check(id, '123456')).body).toMatchObject({ valid: false, reason: 'undeliverable' });
    expect((await resend(id, { channel: 'sms' })).status).toBe(409);
  });

  it('are not undeliverable while one send may still arrive, and are when the last report has come', async () => {
    const person = newPerson('0002', '0002');
    const workflow = [
      { channel: 'sms', wait_seconds: 30 },
      { channel: 'email', wait_seconds: 30 },
      { channel: 'voice' },
    ];
    const id = await start({ ...person, workflow });
    await pass(30);
    // Late, and no longer about the newest send: nothing is brought forward.
    await report(id, 'sms', 'undelivered');
    expect(await sendsOf(id)).toEqual(['sms failed', 'email sent']);
    await report(id, 'email', 'undelivered');
    expect(await sendsOf(id)).toEqual(['sms failed', 'email failed', 'voice sent']);
    expect((await read(id)).status).toBe('pending');
    await report(id, 'voice', 'undelivered');
    expect(await read(id)).toMatchObject({ status: 'undeliverable' });
    await report(id, 'voice', 'delivered');
    expect(await sendsOf(id)).toEqual(['sms failed', 'email failed', 'voice failed']);
    expect((await read(id)).status).toBe('undeliverable');
  });

  it('stay approved and send nothing when a failure is reported afterwards', async () => {
    const person = newPerson('0002');
    const id = await start({ ...person, workflow: [{ channel: 'sms', wait_seconds: 30 }, { channel: 'email' }] });
    expect((await check(id, await service.codeOf(person.to))).body.valid).toBe(true);
    await report(id, 'sms', 'undelivered');
    await pass(60);
    expect(await read(id)).toMatchObject({ status: 'approved', sends: [{ channel: 'sms', status: 'failed' }] });
    expect(await received(person)).toEqual(['sms']);
  });

  it('resend on another channel, the same code, and count a later step by it as begun', async () => {
    const person = newPerson();
    const workflow = [
      { channel: 'sms', wait_seconds: 120 },
      { channel: 'email', wait_seconds: 90 },
      { channel: 'voice' },
    ];
    const id = await start({ ...person, workflow });
    const code = await service.codeOf(person.to);
    expect(await resend(id, { channel: 'email' })).toMatchObject({
      status: 429,
      body: { limit: 'recipient_cooldown' },
    });
    await pass(60);
    expect(await resend(id, { channel: 'email' })).toMatchObject({ status: 200, body: { channel: 'email' } });
    expect(await service.codeOf(person.email)).toBe(code);
    await pass(60);
    expect(await received(person)).toEqual(['sms', 'email']);
    await pass(30);
    expect(await received(person)).toEqual(['sms', 'email', 'voice']);
    await resend(id, { channel: 'whatsapp' });
    expect(await received(person)).toEqual(['sms', 'email', 'voice', 'whatsapp']);
    expect((await check(id, code)).body.valid).toBe(true);
  });

  it('need an address for e-mail: at the start, and for a resend', async () => {
    const { to } = newPerson();
    const withoutAddress = { status: 422, body: { code: 'invalid_request', errors: [{ pointer: '/email' }] } };
    expect(await post({ to, channel: 'email' })).toMatchObject(withoutAddress);
    expect(await post({ to, workflow: [{ channel: 'sms', wait_seconds: 9 }, { channel: 'email' }] })).toMatchObject(
      withoutAddress,
    );
    expect(await post({ to, email: 'ann@example.com\r\nBcc: bob@example.com' })).toMatchObject(withoutAddress);
    const id = await start({ to, channel: 'sms' });
    await pass(60);
    expect(await resend(id, { channel: 'email' })).toMatchObject({
      status: 422,
      body: { code: 'invalid_request', errors: [{ pointer: '/channel' }] },
    });
    expect(await resend(id, {})).toMatchObject({ status: 200 });
  });

  it('keep the address sealed: neither the record nor an event nor an answer has it', async () => {
    const { to, email } = newPerson();
    const id = await start({ to, email, workflow: [{ channel: 'sms', wait_seconds: 9 }, { channel: 'email' }] });
    await pass(9);
    expect(await service.codeOf(email)).toMatch(/^\d{6}$/);
    const masked = 'p***@example.com';
    expect(await read(id)).toMatchObject({ to, email: masked });
    const events = await service.events(id);
    const about = (type: string, send?: number) =>
      events.find((event) => event.type === `verification.${type}` && event.data.send === send)?.data;
    const hash = expect.stringMatching(/^[\w-]{43}$/);
    expect(about('created')).toMatchObject({ email: { masked, hash } });
    expect(about('sent', 0)).not.toHaveProperty('email');
    expect(about('sent', 1)).toMatchObject({ channel: 'email', email: { masked, hash } });
    const { db, redis } = service.services;
    const rows = await db.kysely.selectFrom('verifications').selectAll().where('id', '=', id).execute();
    const names = await redis?.call((client) => client.keys(`*${id}*`));
    const kept = names && (await redis?.call((client) => client.mget(names)));
    expect(kept?.length).toBe(redis ? 2 : undefined);
    expect(JSON.stringify([events, rows, kept])).not.toContain(email);
  });

  it('count what goes to an address, whatever number it is said to belong to', async () => {
    const { email } = newPerson();
    const spellings = [email, email.replace('@', '+otp@'), email.toUpperCase()];
    const mail = (to: string, at: number) => post({ to, email: spellings[at % spellings.length], channel: 'email' });
    expect((await mail(newNumber(), 0)).status).toBe(201);
    const refused = newNumber();
    expect(await mail(refused, 1)).toMatchObject({ status: 429, body: { limit: 'email_cooldown' } });
    // All or none: the number has used up nothing.
    await start({ to: refused, email, channel: 'sms' });
    for (let at = 1; at < 5; at += 1) {
      await pass(60);
      expect((await mail(newNumber(), at)).status).toBe(201);
    }
    await pass(60);
    expect(await mail(newNumber(), 5)).toMatchObject({ status: 429, body: { limit: 'email_10_minutes' } });

    // A step by e-mail is passed over, the one after it is not.
    const to = newNumber();
    const workflow = [
      { channel: 'sms', wait_seconds: 30 },
      { channel: 'email', wait_seconds: 60 },
      { channel: 'voice' },
    ];
    const id = await start({ to, email, workflow });
    await pass(30);
    expect(await sendsOf(id)).toEqual(['sms delivered', 'voice delivered']);
    expect(await eventsOf(id, 'blocked')).toMatchObject([{ data: { channel: 'email', limit: 'email_10_minutes' } }]);
  });

  it('prove no number by a code that went by e-mail as well', async () => {
    const claims = async (workflow: object[]) => {
      const person = newPerson();
      const id = await start({ ...person, workflow });
      await pass(9);
      const { token } = (await check(id, await service.codeOf(person.to))).body;
      return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    };
    const [email, sms, voice] = ['email', 'sms', 'voice'].map((channel) => ({ channel, wait_seconds: 9 }));
    expect(await claims([email, sms] as object[])).toMatchObject({ channel: 'email', amr: ['otp'] });
    expect(await claims([sms, voice] as object[])).toMatchObject({ channel: 'voice', amr: ['otp', 'tel'] });
  });

  it('send a new code by each step where the policy wants one, and prove by which it came', async () => {
    const policy = { allowed_channels: ['sms', 'email', 'voice'], resend_code: 'new' };
    const other = await openTestService(profile, { policy });
    onTestFinished(() => other.close());
    const person = newPerson();
    const workflow = ['sms', 'email', 'voice'].map((channel) => ({ channel, wait_seconds: 60 }));
    const { body } = await other.call('POST', '/v1/verifications', { ...person, workflow });
    const answerTo = async (code: string) =>
      (await other.call('POST', `/v1/verifications/${body.id}/check`, { code })).body;
    const codes = [await other.codeOf(person.to)];
    for (const place of [person.email, person.to]) {
      other.clock.now += 60_000;
      await other.work();
      codes.push(await other.codeOf(place));
    }
    for (const old of codes.slice(0, 2)) {
      if (old !== codes[2]) expect(await answerTo(old)).toMatchObject({ valid: false, reason: 'wrong_code' });
    }
    const { valid, token } = await answerTo(codes[2] ?? '');
    expect(valid).toBe(true);
    expect(JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())).toMatchObject({ channel: 'voice' });
  });
}
