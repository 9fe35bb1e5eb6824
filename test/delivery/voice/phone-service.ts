import { createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { privateFolder } from '../../rig/stores.ts';
import { newNumber, openTestService, type Profile } from '../../service.ts';
import { openCarrierFake } from '../providers/carrier-fake.ts';

const TOKEN = 'f'.repeat(32);
const ACCOUNT = `AC${'0a'.repeat(16)}`;
export const PUBLIC_URL = 'https://otp.example.com/base';

/** The service with a carrier of calls at the other end of real HTTP, and a phone that can be answered. */
export async function openPhone(profile: Profile = 'embedded', policy: Record<string, unknown> = {}) {
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
    async send(body: object = {}) {
      const asked = { to: newNumber(), channel: 'voice', ...body };
      const { body: message } = await service.call('POST', '/v1/messages', asked);
      await service.sendMessages();
      return message;
    },
    read: async (id: string) => (await service.call('GET', `/v1/messages/${id}`)).body,
    async sends(id: string) {
      return (await service.call('GET', `/v1/verifications/${id}`)).body.sends;
    },
  };
}
