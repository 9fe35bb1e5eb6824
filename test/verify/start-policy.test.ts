import { afterAll, beforeAll, expect, it } from 'vitest';
import { newNumber, openTestService, type TestService } from '../service.ts';

let service: TestService;
beforeAll(async () => {
  service = await openTestService('embedded', {
    policy: { code_length: 6, ttl_seconds: 300, purposes: ['login'], hash_preset: 'fast' },
  });
});
afterAll(() => service?.close());

const start = (wish: object) => service.call('POST', '/v1/verifications', { to: newNumber(), ...wish });

it.each([
  ['a shorter code', { code_length: 5 }, '/code_length'],
  ['a longer life', { ttl_seconds: 301 }, '/ttl_seconds'],
  ['another purpose', { purpose: 'payment' }, '/purpose'],
  ['another channel', { channel: 'email', email: 'ann@example.com' }, '/channel'],
  [
    'another channel later on',
    { workflow: [{ channel: 'sms', wait_seconds: 9 }, { channel: 'telegram' }] },
    '/workflow/1/channel',
  ],
])('%s than the policy has is refused', async (_, wish, pointer) => {
  const { status, body } = await start(wish);
  expect(status).toBe(422);
  expect(body).toMatchObject({ code: 'policy_violation', errors: [{ pointer }] });
});

it('a longer code and a shorter life are given', async () => {
  const { status, body } = await start({ code_length: 8, ttl_seconds: 60 });
  expect(status).toBe(201);
  expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(60_000);
  const check = (code: string) => service.call('POST', `/v1/verifications/${body.id}/check`, { code });
  expect((await check('123456')).body.code).toBe('invalid_code_format');
  expect((await check('12345678')).status).toBe(200);
});

it('a resend is held to the channels of the policy: SMS and voice unless it says otherwise', async () => {
  const { body } = await start({ email: 'ann@example.com' });
  const resend = (channel: string) => service.call('POST', `/v1/verifications/${body.id}/resend`, { channel });
  service.clock.now += 60_000;
  for (const channel of ['email', 'whatsapp', 'telegram']) {
    const refused = { status: 422, body: { code: 'policy_violation', errors: [{ pointer: '/channel' }] } };
    expect(await resend(channel)).toMatchObject(refused);
  }
  expect((await resend('voice')).status).toBe(200);
});
