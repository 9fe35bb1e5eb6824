import { createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { privateFolder } from '../../rig/stores.ts';
import { newNumber, openTestService, PROFILES, type Profile } from '../../service.ts';
import { openCarrierFake } from '../providers/carrier-fake.ts';
import { saysCode } from './calls.ts';

const TOKEN = 'f'.repeat(32);
const ACCOUNT = `AC${'0a'.repeat(16)}`;
const PUBLIC_URL = 'https://otp.example.com/base';

/** The service with a carrier of calls at the other end of real HTTP, and a phone that can be answered. */
async function openPhone(profile: Profile = 'embedded', policy: Record<string, unknown> = {}) {
  let calls = 0;
  const carrier = await openCarrierFake(() => {
    calls += 1;
    return { status: 201, body: { sid: `CA${String(calls).padStart(32, '0')}`, status: 'queued' } };
  });
  const file = join(privateFolder('config'), 'countersign.yaml');
  const lines = [
    `public_url: ${PUBLIC_URL}`,
    'providers:',
    '  calls:',
    '    type: twilio_voice',
    `    base_url: ${carrier.url}`,
    `    account_sid: ${ACCOUNT}`,
    `    auth_tokens: [${TOKEN}]`,
  ];
  writeFileSync(file, lines.join('\n'));
  const service = await openTestService(profile, {
    key: `cs_live_${randomBytes(24).toString('base64url')}`,
    env: { COUNTERSIGN_CONFIG: file },
    policy: { brand: 'Example', ...policy },
  });
  onTestFinished(() => service.close());

  async function post(url: string, form: Record<string, string>) {
    const path = url.slice(PUBLIC_URL.length);
    const members = Object.keys(form).sort();
    const signed = url + members.map((name) => name + form[name]).join('');
    const response = await service.app.inject({
      method: 'POST',
      url: path,
      payload: new URLSearchParams(form).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': createHmac('sha1', TOKEN).update(signed).digest('base64'),
      },
    });
    await service.settled();
    return response;
  }

  return {
    service,
    carrier,
    async start(body: object = {}) {
      const asked = { to: newNumber(), channel: 'voice', ...body };
      const { body: verification } = await service.call('POST', '/v1/verifications', asked);
      await service.settled();
      return verification.id as string;
    },
    /** The newest call, as Twilio was asked for it. */
    pickUp() {
      const form = new URLSearchParams(carrier.requests.at(-1)?.body);
      const CallSid = `CA${String(calls).padStart(32, '0')}`;
      const base = { AccountSid: ACCOUNT, CallSid, From: form.get('From') ?? '', To: form.get('To') ?? '' };
      let next = form.get('Url') ?? '';
      return {
        async hear(key?: string) {
          const response = await post(next, { ...base, CallStatus: 'in-progress', ...(key && { Digits: key }) });
          next = /action="([^"]*)"/.exec(response.body)?.[1]?.replaceAll('&amp;', '&') ?? next;
          return response.body;
        },
        end: (members: Record<string, string>) => post(form.get('StatusCallback') ?? '', { ...base, ...members }),
      };
    },
    async sends(id: string) {
      return (await service.call('GET', `/v1/verifications/${id}`)).body.sends;
    },
  };
}

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
