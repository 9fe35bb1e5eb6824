import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newNumber, openTestService, type TestService, wrongCode } from '../service.ts';

/** Sending is not what these tests are about. */
const UNLIMITED = { resend_cooldown_seconds: 0, limits: { recipient_10_minutes: 1_000, recipient_day: 1_000 } };
const DAY_MS = 86_400_000;

describe('guessing', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService('embedded');
  });
  afterAll(() => service?.close());

  /** A project of its own, with a key that may do everything but administer. */
  async function openProject(policy: object) {
    const project = await service.call('POST', '/v1/projects', { name: 'bank', policy: { ...UNLIMITED, ...policy } });
    expect(project.status, JSON.stringify(project.body)).toBe(201);
    const { body } = await service.call('POST', '/v1/keys', {
      name: 'backend',
      project: project.body.id,
      scopes: ['verifications:write', 'verifications:read', 'recipients:write', 'events:read', 'sandbox'],
    });
    const key: string = body.key;
    const post = (url: string, given: object) => service.call('POST', url, given, { key });
    const get = (url: string) => service.call('GET', url, undefined, { key });
    const start = (to: string, body: object = {}) => post('/v1/verifications', { to, channel: 'sms', ...body });
    const check = (id: string, code: string) => post(`/v1/verifications/${id}/check`, { code });
    const codeOf = async (to: string) => {
      await service.settled();
      const { body } = await service.call('GET', `/v1/sandbox/messages?to=${encodeURIComponent(to)}`, undefined, {
        key,
      });
      return /\b\d{6}\b/.exec(body.data[0].text)?.[0] ?? '';
    };
    /** Starts verifications and guesses wrong at them. */
    async function burn(to: string, guesses: number, body: object = {}) {
      for (let left = guesses; left > 0; left -= 5) {
        const { id } = (await start(to, body)).body;
        const wrong = wrongCode(await codeOf(to));
        for (let i = 0; i < Math.min(5, left); i += 1) {
          expect((await check(id, wrong)).body).toMatchObject({ reason: 'wrong_code' });
        }
      }
    }
    return { key, post, get, start, check, codeOf, burn };
  }

  it('blocks a number after five failures where the policy says so, until the announced time (OTP-06)', async () => {
    const bank = await openProject({ guesses: { recipient: { failures: 5, lock_seconds: 3_600 } } });
    const to = newNumber();
    await bank.burn(to, 5);
    const refused = await bank.start(to);
    expect(refused).toMatchObject({ status: 429, body: { code: 'guess_limit_reached', limit: 'recipient_failures' } });
    expect(refused.headers['retry-after']).toBe('3600');
    service.clock.now += 3_600_000;
    expect((await bank.start(to)).status).toBe(201);
  });

  it('once blocked, an open verification sends nothing more either, whoever asks (OTP-06)', async () => {
    const bank = await openProject({ guesses: { recipient: { failures: 5, lock_seconds: 300 } } });
    const to = newNumber();
    const { id } = (await bank.start(to)).body;
    const code = await bank.codeOf(to);
    await bank.burn(to, 5);
    const sent = (await service.phone(to)).length;
    const refused = await bank.post(`/v1/verifications/${id}/resend`, {});
    expect(refused).toMatchObject({ status: 429, body: { code: 'guess_limit_reached', limit: 'recipient_failures' } });
    expect(refused.headers['retry-after']).toBe('300');
    await service.settled();
    expect(await service.phone(to)).toHaveLength(sent);
    const { data } = (await bank.get(`/v1/events?verification_id=${id}&type=verification.blocked`)).body;
    expect(data).toMatchObject([{ data: { limit: 'recipient' } }]);
    service.clock.now += 300_000;
    expect((await bank.post(`/v1/verifications/${id}/resend`, {})).status).toBe(200);
    expect((await bank.check(id, code)).body.valid).toBe(true);
  });

  it('by a stranger does not lock out the owner, who comes from a device that passed before (OTP-35)', async () => {
    const bank = await openProject({});
    const to = newNumber();
    const owner = { client: { device_id: 'a phone of one’s own' } };
    const stranger = { client: { device_id: 'another' } };
    const pass = async () => {
      const { id } = (await bank.start(to, owner)).body;
      return (await bank.check(id, await bank.codeOf(to))).body.valid;
    };
    expect(await pass()).toBe(true);
    await service.settled();

    await bank.burn(to, 20, stranger);
    expect((await bank.start(to, stranger)).status).toBe(429);
    expect((await bank.start(to)).status).toBe(429);
    expect(await pass()).toBe(true);
    expect((await bank.start(to, stranger)).status).toBe(429);
  });

  it.each([
    ['number', (to: string) => ({ to })],
    ['account', () => ({ subject: 'user-42' })],
  ])('once the %s is bound anew, the devices of before are strangers', async (_, bound) => {
    const bank = await openProject({});
    const to = newNumber();
    const device = (device_id: string) => ({ subject: 'user-42', client: { device_id } });
    const pass = async (by: object) => {
      const { id } = (await bank.start(to, by)).body;
      const { body } = await bank.check(id, await bank.codeOf(to));
      await service.settled();
      return body.valid;
    };
    expect(await pass(device('the old phone'))).toBe(true);
    expect((await bank.post('/v1/recipients/rebind', bound(to))).status).toBe(204);
    service.clock.now += 1;
    expect(await pass(device('the new phone'))).toBe(true);
    await bank.burn(to, 20);
    expect((await bank.start(to, device('the old phone'))).status).toBe(429);
    expect((await bank.start(to, device('the new phone'))).status).toBe(201);
  });

  it('from a known device has a bound of its own', async () => {
    const bank = await openProject({});
    const to = newNumber();
    const owner = { client: { device_id: 'stolen with its code' } };
    const { id } = (await bank.start(to, owner)).body;
    await bank.check(id, await bank.codeOf(to));
    await service.settled();
    await bank.burn(to, 20, owner);
    expect((await bank.start(to, owner)).status).toBe(429);
  });

  it('a hundred times in a row disables the number until it is bound anew, whatever time passes (OTP-04)', async () => {
    const bank = await openProject({});
    const to = newNumber();
    for (let day = 0; day < 5; day += 1) {
      await bank.burn(to, 20);
      service.clock.now += DAY_MS;
    }
    expect(await bank.start(to)).toMatchObject({ status: 403, body: { code: 'recipient_disabled' } });
    const query = `/v1/events?to=${encodeURIComponent(to)}&limit=100&type=verification`;
    const warnings = (await bank.get(`${query}.lock_warning`)).body.data;
    expect(warnings.map((event: { data: object }) => event.data)).toMatchObject([
      { failures_in_a_row: 90, failures_left: 10 },
    ]);
    const locks = (await bank.get(`${query}.locked`)).body.data;
    expect(locks.map((event: { data: { failures_in_a_row: number } }) => event.data.failures_in_a_row)).toEqual([
      100, 80, 60, 40, 20,
    ]);
    expect(locks[0].data.locked_until).toBeNull();
    service.clock.now += 400 * DAY_MS;
    expect((await bank.start(to)).status).toBe(403);
    expect((await bank.post('/v1/recipients/rebind', { to })).status).toBeLessThan(300);
    expect((await bank.start(to)).status).toBe(201);
  });

  it('in one project locks nobody in another, and no project lifts another one’s lock', async () => {
    const [bank, shop] = [await openProject({}), await openProject({ guesses: { recipient: { failures: 5 } } })];
    const to = newNumber();
    await shop.burn(to, 5);
    expect((await shop.start(to)).status).toBe(429);
    expect((await bank.start(to)).status).toBe(201);
    expect((await bank.post('/v1/recipients/rebind', { to })).status).toBe(204);
    expect((await shop.start(to)).status).toBe(429);
  });

  it('a name of the owner’s device stays out of events', async () => {
    const bank = await openProject({});
    const { id } = (await bank.start(newNumber(), { client: { device_id: 'secret-cookie-123' } })).body;
    const events = await bank.get(`/v1/events?verification_id=${id}`);
    expect(events.body.data.length).toBeGreaterThan(0);
    expect(JSON.stringify(events.body)).not.toContain('secret-cookie-123');
  });

  it('one code at many numbers stops the project for a while, and no other one (OTP-33)', async () => {
    const bank = await openProject({ guesses: { project: { failures: 12, lock_seconds: 300 } } });
    const open: { id: string; to: string }[] = [];
    for (let i = 0; i < 13; i += 1) {
      const to = newNumber();
      open.push({ to, id: (await bank.start(to)).body.id });
    }
    const last = open.pop() as { id: string; to: string };
    for (const { id, to } of open) await bank.check(id, wrongCode(await bank.codeOf(to)));
    const code = await bank.codeOf(last.to);
    const stopped = await bank.check(last.id, code);
    expect(stopped).toMatchObject({ status: 429, body: { code: 'guess_limit_reached', limit: 'project_failures' } });
    expect(stopped.headers['retry-after']).toBe('300');
    expect((await bank.start(newNumber())).status).toBe(429);
    expect((await service.call('POST', '/v1/verifications', { to: newNumber() })).status).toBe(201);
    service.clock.now += 300_000;
    expect((await bank.check(last.id, code)).body.valid).toBe(true);
  });

  it('at the code before is a failure where each send has a new one (OTP-11)', async () => {
    const bank = await openProject({ resend_code: 'new' });
    const to = newNumber();
    const { id } = (await bank.start(to)).body;
    const first = await bank.codeOf(to);
    expect((await bank.post(`/v1/verifications/${id}/resend`, {})).status).toBeLessThan(300);
    const second = await bank.codeOf(to);
    if (first === second) return;
    expect((await bank.check(id, first)).body).toMatchObject({ reason: 'wrong_code', attempts_remaining: 4 });
    expect((await bank.check(id, second)).body.valid).toBe(true);
  });

  it('is not helped by asking for more messages: the sixth is refused (OTP-12)', async () => {
    const bank = await openProject({});
    const to = newNumber();
    const { id } = (await bank.start(to)).body;
    for (let sends = 1; sends < 5; sends += 1) {
      expect((await bank.post(`/v1/verifications/${id}/resend`, {})).status).toBeLessThan(300);
    }
    const sixth = await bank.post(`/v1/verifications/${id}/resend`, {});
    expect(sixth).toMatchObject({ status: 429, body: { limit: 'sends_per_verification' } });
    expect(Number(sixth.headers['retry-after'])).toBeGreaterThan(0);
  });
});
