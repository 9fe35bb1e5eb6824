import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../service.ts';
import { saysCode } from './calls.ts';
import { openPhone } from './phone-service.ts';

describe.each(PROFILES)('calls on the %s profile', (profile) => {
  test('the code that is heard after the key press is the one that is accepted', async () => {
    const { service, start, pickUp, sends } = await openPhone(profile);
    const id = await start();
    const call = pickUp();
    const greeting = await call.hear();
    expect(greeting).toContain('Hello. Example.');
    expect(greeting).toContain('To hear your code, press 1.');
    const spoken = await call.hear('1');
    const heard = spoken.replaceAll(/<break time="350ms"\/>/g, '').match(/\b\d{6}\b/g) ?? [];
    expect(new Set(heard).size).toBe(1);
    expect(greeting).not.toContain(heard[0]);
    await call.end({ CallStatus: 'completed' });
    expect(await sends(id)).toMatchObject([{ channel: 'voice', status: 'delivered', provider: 'calls' }]);
    const { body } = await service.call('POST', `/v1/verifications/${id}/check`, { code: heard[0] });
    expect(body).toMatchObject({ status: 'approved' });
  });
});

describe('how a call ends drives what is done next', () => {
  test.each([
    ['busy', { CallStatus: 'busy' }],
    ['no_answer', { CallStatus: 'no-answer' }],
    ['declined', { CallStatus: 'busy', SipResponseCode: '603' }],
    ['machine_answered', { CallStatus: 'completed', AnsweredBy: 'machine_start' }],
    ['no_key_pressed', { CallStatus: 'completed' }],
  ])('%s: the next step is taken at once', async (reason, members) => {
    const { service, start, pickUp, sends, carrier } = await openPhone();
    const id = await start({
      channel: undefined,
      workflow: [{ channel: 'voice', wait_seconds: 300 }, { channel: 'voice' }],
    });
    const call = pickUp();
    if (reason === 'no_key_pressed') for (const _ of [1, 2, 3]) expect(saysCode(await call.hear())).toBe(false);
    await call.end(members);
    await service.work();
    expect(await sends(id)).toMatchObject([{ status: 'failed', reason }, { channel: 'voice' }]);
    expect(carrier.requests).toHaveLength(2);
  });
});

test('the policy says how it is said', async () => {
  const voice = { press_key: 'none', repeats: 3, pace: 0.8, voice: 'Polly.Brian', brand: 'Example dot com' };
  const { start, pickUp, sends } = await openPhone('embedded', { voice });
  const id = await start();
  const spoken = await pickUp().hear();
  expect(spoken).toContain('<Say voice="Polly.Brian"><prosody rate="80%">Hello.');
  expect(spoken).toContain('Your Example dot com code is');
  expect(spoken.match(/Once more/g)).toHaveLength(2);
  expect(spoken).not.toContain('<Gather');
  expect(await sends(id)).toMatchObject([{ status: 'delivered' }]);
});

test('with the database away the code is said all the same', async () => {
  const { service, start, pickUp } = await openPhone();
  await start();
  const call = pickUp();
  await call.hear();
  const { kysely } = service.services.db;
  await kysely.schema.alterTable('receipts').renameTo('receipts_away').execute();
  const spoken = await call.hear('1');
  await kysely.schema.alterTable('receipts_away').renameTo('receipts').execute();
  expect(spoken).toMatch(/\d<break time="350ms"\/>\d/);
});

test('neither the request to the carrier nor what is stored holds the code', async () => {
  const { service, start, pickUp, carrier } = await openPhone();
  const id = await start();
  const spoken = await (async () => {
    const call = pickUp();
    await call.hear();
    return call.hear('1');
  })();
  const code = spoken.replaceAll('<break time="350ms"/>', '').match(/\b\d{6}\b/)?.[0] ?? '';
  expect(code).toHaveLength(6);
  const request = decodeURIComponent(carrier.requests[0]?.body ?? '').replace(/(?<=call=)[\w.-]+/g, '');
  expect(request).not.toContain(code);
  const rows = await service.services.db.kysely.selectFrom('messages').selectAll().execute();
  expect(rows.find(({ verification_id }) => verification_id === id)?.content).toBeNull();
});
