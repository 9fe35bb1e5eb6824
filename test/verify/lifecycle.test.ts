import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type Profile, type TestService, wrongCode } from '../service.ts';

const NEEDS = { embedded: [], postgres: ['postgres'], scaled: ['postgres', 'redis'] } as const;

for (const profile of PROFILES) {
  await describeWith(NEEDS[profile], `verification on the ${profile} profile`, () => lifecycle(profile));
}

function lifecycle(profile: Profile): void {
  let service: TestService;
  beforeAll(async () => {
    service = await openTestService(profile);
  });
  afterAll(() => service?.close());

  async function start(body: object = {}) {
    const to = newNumber();
    const answer = await service.call('POST', '/v1/verifications', { to, ...body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return { to, id: answer.body.id as string, body: answer.body };
  }
  const check = (id: string, code: unknown, body: object = {}) =>
    service.call('POST', `/v1/verifications/${id}/check`, { code, ...body });
  const read = async (id: string) => (await service.call('GET', `/v1/verifications/${id}`)).body;

  it('sends a code, accepts it once, gives a proof, and records every step in order', async () => {
    const { to, id, body } = await start({ subject: 'user-42', metadata: { order: '17' } });
    expect(body).toMatchObject({
      status: 'pending',
      to,
      channel: 'sms',
      purpose: 'login',
      attempts_remaining: 5,
      metadata: { order: '17' },
      expires_at: new Date(service.clock.now + 600_000).toISOString(),
      next_send_at: new Date(service.clock.now + 30_000).toISOString(),
    });
    const code = await service.codeOf(to);
    await expect.poll(() => read(id)).toMatchObject({ sends: [{ channel: 'sms', status: 'delivered' }] });
    const wrong = await check(id, wrongCode(code));
    expect(wrong).toMatchObject({
      status: 200,
      body: { valid: false, status: 'pending', attempts_remaining: 4, reason: 'wrong_code' },
    });
    const right = await check(id, code);
    expect(right).toMatchObject({ status: 200, body: { id, valid: true, status: 'approved' } });
    expect(right.body.token).toMatch(/^ey/);
    expect((await check(id, code)).body).toMatchObject({ valid: false, status: 'approved', reason: 'already_used' });
    expect(await read(id)).toMatchObject({ status: 'approved' });
    const events = await service.events(id);
    expect(events.map((event) => event.type).toSorted()).toEqual(
      [
        'verification.created',
        'verification.sent',
        'verification.delivered',
        'verification.attempt_failed',
        'verification.approved',
        'verification.replayed',
      ].toSorted(),
    );
    expect(events.map((event) => event.sequence)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('refuses the right code after five wrong ones', async () => {
    const { to, id } = await start();
    const code = await service.codeOf(to);
    for (const remaining of [4, 3, 2, 1]) {
      expect((await check(id, wrongCode(code))).body).toMatchObject({
        attempts_remaining: remaining,
        reason: 'wrong_code',
      });
    }
    expect((await check(id, wrongCode(code))).body).toMatchObject({ status: 'exhausted', attempts_remaining: 0 });
    expect((await check(id, code)).body).toMatchObject({ valid: false, status: 'exhausted', reason: 'exhausted' });
  });

  it('refuses a code after ten minutes, and records the end even if nobody asks', async () => {
    const { to, id } = await start();
    const code = await service.codeOf(to);
    const begun = service.clock.now;
    service.clock.now = begun + 600_000 - 1;
    expect((await check(id, wrongCode(code))).body.reason).toBe('wrong_code');
    service.clock.now = begun + 600_000;
    expect((await check(id, code)).body).toMatchObject({ valid: false, reason: 'expired', status: 'expired' });
    await service.work();
    expect((await read(id)).status).toBe('expired');
    expect((await service.events(id)).map((event) => event.type)).toContain('verification.expired');
  });

  it('calls with the same code when the SMS is not answered', async () => {
    const { to, id } = await start({ workflow: [{ channel: 'sms', wait_seconds: 30 }, { channel: 'voice' }] });
    const code = await service.codeOf(to);
    service.clock.now += 29_000;
    await service.work();
    expect(await service.phone(to)).toHaveLength(1);
    service.clock.now += 1_000;
    await service.work();
    const [call] = await service.phone(to);
    expect(call?.channel).toBe('voice');
    expect(await service.codeOf(to)).toBe(code);
    expect((await check(id, code)).body.valid).toBe(true);
    service.clock.now += 600_000;
    await service.work();
    expect(await service.phone(to)).toHaveLength(2);
  });

  it('goes on to the next step at once when the carrier reports failure, and ends undeliverable without one', async () => {
    const failing = newNumber('0001');
    const first = await service.call('POST', '/v1/verifications', { to: failing });
    await service.work();
    expect((await read(first.body.id)).sends.map((send: { channel: string }) => send.channel)).toEqual([
      'sms',
      'voice',
    ]);
    const refused = newNumber('0003');
    const second = await service.call('POST', '/v1/verifications', { to: refused, channel: 'sms' });
    await service.settled();
    expect(await read(second.body.id)).toMatchObject({ status: 'undeliverable', sends: [{ status: 'failed' }] });
  });

  it('resends after the cool-down, the same code, without giving attempts back', async () => {
    const { to, id } = await start({ channel: 'sms' });
    const code = await service.codeOf(to);
    await check(id, wrongCode(code));
    const early = await service.call('POST', `/v1/verifications/${id}/resend`, {});
    expect(early).toMatchObject({ status: 429, body: { code: 'send_limit_reached', limit: 'recipient_cooldown' } });
    expect(early.headers['retry-after']).toBe('60');
    service.clock.now += 60_000;
    const resent = await service.call('POST', `/v1/verifications/${id}/resend`, { channel: 'voice' });
    expect(resent).toMatchObject({ status: 200, body: { attempts_remaining: 4, channel: 'voice' } });
    expect(await service.codeOf(to)).toBe(code);
    expect(await service.phone(to)).toHaveLength(2);
  });

  it('cancels, and accepts nothing afterwards', async () => {
    const { to, id } = await start();
    const code = await service.codeOf(to);
    expect((await service.call('POST', `/v1/verifications/${id}/cancel`)).body.status).toBe('canceled');
    expect((await check(id, code)).body).toMatchObject({ valid: false, status: 'canceled', reason: 'canceled' });
    expect((await service.call('POST', `/v1/verifications/${id}/resend`, {})).status).toBe(409);
  });

  it('kills a code whose context is changed, and asks for one that is missing without counting', async () => {
    const context = { amount: '100.00', currency: 'EUR', payee: 'ACME' };
    const { to, id } = await start({ purpose: 'payment', context });
    const [message] = await service.phone(to);
    expect(message?.text).toContain('100.00');
    expect(message?.text).toContain('ACME');
    const code = await service.codeOf(to);
    expect(await check(id, code)).toMatchObject({ status: 422, body: { code: 'context_required' } });
    expect((await read(id)).attempts_remaining).toBe(5);
    expect((await check(id, code, { context: { ...context, amount: '101.00' } })).body.reason).toBe('context_mismatch');
    expect((await check(id, code, { context })).body).toMatchObject({ valid: false, reason: 'canceled' });
  });

  it('accepts a code only with the verification that it was made for', async () => {
    const a = await start();
    const b = await start();
    const codeA = await service.codeOf(a.to);
    if (codeA === (await service.codeOf(b.to))) return;
    expect((await check(b.id, codeA)).body).toMatchObject({
      valid: false,
      reason: 'wrong_code',
      attempts_remaining: 4,
    });
    expect((await check(a.id, codeA, { purpose: 'payment' })).body.reason).toBe('wrong_code');
    expect((await check(a.id, codeA, { to: b.to })).body.reason).toBe('wrong_code');
    expect((await check(a.id, codeA, { to: a.to, purpose: 'login' })).body.valid).toBe(true);
  });

  it('takes a code in one textual form only, and counts no attempt for anything else', async () => {
    const { to, id } = await start();
    const code = await service.codeOf(to);
    const forms = [
      ` ${code}`,
      `${code}\n`,
      code.slice(1),
      `${code}0`,
      '１２３４５６',
      '٠١٢٣٤٥',
      Number(code),
      [code],
      { code },
      null,
      '',
      true,
    ];
    for (const form of forms) {
      const answer = await check(id, form);
      expect(answer.status, JSON.stringify(form)).toBe(422);
    }
    expect((await read(id)).attempts_remaining).toBe(5);
    expect((await check(id, code)).body.valid).toBe(true);
  });

  it('takes every limit or none: a refused start uses nothing up', async () => {
    const limits = [{ key: `order-${Math.random()}`, max: 1, window_seconds: 600 }];
    await start({ limits });
    const to = newNumber();
    const refused = await service.call('POST', '/v1/verifications', { to, limits });
    expect(refused).toMatchObject({ status: 429, body: { limit: `custom:${limits[0]?.key}` } });
    expect((await service.call('POST', '/v1/verifications', { to })).status).toBe(201);
  });

  it('uses a channel that a phone number does not imply only where the policy names it', async () => {
    const to = newNumber();
    for (const channel of ['whatsapp', 'telegram', 'email']) {
      const refused = await service.call('POST', '/v1/verifications', { to, channel });
      expect(refused, channel).toMatchObject({ status: 422, body: { code: 'policy_violation' } });
    }
    const policy = { allowed_channels: ['sms', 'voice', 'whatsapp'] };
    const { body: project } = await service.call('POST', '/v1/projects', { name: 'apps', policy });
    const scopes = ['verifications:write'];
    const made = await service.call('POST', '/v1/keys', { name: 'apps', project: project.id, scopes });
    const key: string = made.body.key;
    const started = await service.call('POST', '/v1/verifications', { to, channel: 'whatsapp' }, { key });
    expect(started).toMatchObject({ status: 201, body: { channel: 'whatsapp' } });
  });

  it('counts every spelling of a number as that number', async () => {
    const { to } = await start();
    const spelled = `${to.slice(0, 3)} (0)${to.slice(3, 4)} ${to.slice(4, 8)}-${to.slice(8)}`;
    for (const spelling of [spelled, ` ${to}`, to.replace('+', '00')]) {
      const again = await service.call('POST', '/v1/verifications', { to: spelling });
      expect([422, 429], spelling).toContain(again.status);
    }
    expect(await service.phone(to)).toHaveLength(1);
  });

  it('stops guessing over any number of verifications of one recipient, until the announced time', async () => {
    const to = newNumber();
    let lockedUntil = 0;
    for (let guesses = 0; guesses < 20; ) {
      const { body } = await service.call('POST', '/v1/verifications', { to });
      const code = await service.codeOf(to);
      for (let i = 0; i < 5; i += 1, guesses += 1) await check(body.id, wrongCode(code));
      lockedUntil = service.clock.now + 86_400_000;
      service.clock.now += 150_000;
    }
    const refused = await service.call('POST', '/v1/verifications', { to });
    expect(refused).toMatchObject({ status: 429, body: { code: 'guess_limit_reached', limit: 'recipient_failures' } });
    const lock = Math.ceil((lockedUntil - service.clock.now) / 1000);
    expect(Number(refused.headers['retry-after'])).toBe(lock);
    await service.call('POST', '/v1/recipients/rebind', { to });
    expect((await service.call('POST', '/v1/verifications', { to })).status).toBe(201);
  });

  it('keeps refusing the right code while locked, counts nothing, and does not extend the lock', async () => {
    const to = newNumber();
    const open: { id: string; code: string }[] = [];
    for (let i = 0; i < 5; i += 1) {
      const { body } = await service.call('POST', '/v1/verifications', { to, channel: 'sms' });
      open.push({ id: body.id, code: await service.codeOf(to) });
      service.clock.now += 61_000;
    }
    const last = open.pop() as { id: string; code: string };
    for (const { id, code } of open) for (let i = 0; i < 5; i += 1) await check(id, wrongCode(code));
    const until = new Date(service.clock.now + 86_400_000).toISOString();
    const notice = (await service.events(open[3]?.id ?? '')).find((event) => event.type === 'verification.locked');
    expect(notice?.data).toMatchObject({ budget: 'recipient', locked_until: until, failures_in_a_row: 20 });
    for (let i = 0; i < 3; i += 1) {
      const answer = await check(last.id, last.code);
      expect(answer.body).toMatchObject({ valid: false, reason: 'locked', locked_until: until, attempts_remaining: 5 });
      service.clock.now += 1_000;
    }
  });

  it('answers a repeated start of one Idempotency-Key with the same verification, and sends once', async () => {
    const to = newNumber();
    const headers = { 'idempotency-key': `start-${Math.random()}` };
    const answers = [];
    for (let i = 0; i < 3; i += 1) answers.push(await service.call('POST', '/v1/verifications', { to }, { headers }));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201]);
    expect(await service.phone(to)).toHaveLength(1);
    const other = await service.call('POST', '/v1/verifications', { to: newNumber() }, { headers });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
  });

  it('lists verifications newest first, by number and status', async () => {
    const { to, id } = await start();
    await service.recorded();
    const list = await service.call('GET', `/v1/verifications?to=${encodeURIComponent(to)}&status=pending`);
    expect(list).toMatchObject({ status: 200, body: { data: [{ id, to, status: 'pending' }], next_cursor: null } });
    const page = await service.call('GET', '/v1/verifications?limit=2');
    expect(page.body.data).toHaveLength(2);
    const next = await service.call('GET', `/v1/verifications?limit=2&cursor=${page.body.next_cursor}`);
    expect(next.body.data[0].id).not.toBe(page.body.data[0].id);
  });

  it('still says what became of a verification long after its end', async () => {
    const { to, id } = await start();
    const code = await service.codeOf(to);
    await check(id, code);
    await service.recorded();
    service.clock.now += 3_600_000;
    expect((await read(id)).status).toBe('approved');
    expect((await check(id, code)).body).toMatchObject({ valid: false, reason: 'already_used' });
  });

  it('gives a client token only its own verification, and the same answer to every failure', async () => {
    const mine = await start();
    const other = await start();
    const issued = await service.call('POST', `/v1/verifications/${mine.id}/client-token`);
    const key = issued.body.client_token as string;
    const code = await service.codeOf(mine.to);
    const asClient = (id: string, body: object) => service.call('POST', `/v1/verifications/${id}/check`, body, { key });
    const wrong = await asClient(mine.id, { code: wrongCode(code) });
    expect(wrong).toMatchObject({
      status: 200,
      body: { id: mine.id, valid: false, status: 'pending', reason: 'not_accepted' },
    });
    expect((await asClient(mine.id, { code: code.slice(1) })).body).toEqual(wrong.body);
    expect((await asClient(other.id, { code })).status).toBe(404);
    for (const [method, path] of [
      ['GET', ''],
      ['GET', `/${mine.id}`],
      ['POST', `/${mine.id}/resend`],
    ] as const) {
      const body = method === 'POST' ? {} : undefined;
      expect((await service.call(method, `/v1/verifications${path}`, body, { key })).status, path).toBe(403);
    }
    expect((await asClient(mine.id, { code })).body.valid).toBe(true);
    expect((await asClient(mine.id, { code })).body).toEqual(wrong.body);
  });

  it('sends nothing to a test number, whose code is fixed and which no limit stops', async () => {
    const to = newNumber();
    const project = (await service.call('GET', '/v1/projects')).body.data[0];
    await service.call('PATCH', `/v1/projects/${project.id}`, { policy: { test_numbers: { [to]: '4711' } } });
    service.clock.now += 1_100;
    for (let i = 0; i < 3; i += 1) {
      const { body } = await service.call('POST', '/v1/verifications', { to });
      expect((await check(body.id, '4711')).body.valid).toBe(true);
    }
    expect(await service.phone(to)).toHaveLength(0);
  });
}
