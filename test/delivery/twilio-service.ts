import { createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { privateFolder } from '../rig/stores.ts';
import { openTestService, type Profile, type TestService } from '../service.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './providers/carrier-fake.ts';

const ACCOUNT = `AC${'0a'.repeat(16)}`;
export const TOKEN = 'f'.repeat(32);
export const PUBLIC_URL = 'https://otp.example.com/base';

/** The service with live carriers at the other end of real HTTP: two accounts of one kind, `main` and `backup`. */
export async function openCarrierService(
  profile: Profile = 'embedded',
  options: { more?: string; policy?: Record<string, unknown> } = {},
) {
  const carriers = { main: await openFake(), backup: await openFake() };
  const provider = (name: 'main' | 'backup', timeoutMs: number) =>
    [
      `  ${name}:`,
      '    type: twilio',
      `    base_url: ${carriers[name].url}`,
      `    account_sid: ${ACCOUNT}`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration file's own placeholder
      '    auth_tokens: ["${TWILIO_TOKEN}"]',
      `    timeout_ms: ${timeoutMs}`,
    ].join('\n');
  const file = join(privateFolder('config'), 'countersign.yaml');
  const members = [`public_url: ${PUBLIC_URL}`, 'providers:', provider('main', 300), provider('backup', 3_000)];
  writeFileSync(file, [...members, options.more ?? ''].join('\n'));
  const service = await openTestService(profile, {
    key: `cs_live_${randomBytes(24).toString('base64url')}`,
    env: { COUNTERSIGN_CONFIG: file, TWILIO_TOKEN: TOKEN },
    ...(options.policy && { policy: options.policy }),
  });
  onTestFinished(() => service.close());
  return { service, ...carriers, ...helpers(service) };
}

function helpers(service: TestService) {
  return {
    /** Sends a message and everything that follows from it at once. */
    async send(body: object) {
      const { body: message } = await service.call('POST', '/v1/messages', { text: 'Your table is ready.', ...body });
      await service.sendMessages();
      return { id: message.id as string, ...(await read(message.id)) };
    },
    read,
    /** A receipt as Twilio sends and signs it. */
    async report(
      receipt: { MessageSid: string; MessageStatus: string; ErrorCode?: string },
      over: { provider?: string; token?: string; headers?: object; body?: string; query?: string } = {},
    ) {
      const path = `/callbacks/${over.provider ?? 'main'}/receipts${over.query ?? ''}`;
      const form = { AccountSid: ACCOUNT, ...receipt };
      const response = await service.app.inject({
        method: 'POST',
        url: path,
        payload: over.body ?? new URLSearchParams(form).toString(),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-twilio-signature': sign(PUBLIC_URL + path, form, over.token),
          ...over.headers,
        },
      });
      await service.sendMessages();
      return response;
    },
  };

  async function read(id: string) {
    return (await service.call('GET', `/v1/messages/${id}`)).body;
  }
}

function sign(url: string, form: Record<string, string>, token = TOKEN): string {
  const members = Object.keys(form).sort();
  return createHmac('sha1', token)
    .update(url + members.map((name) => name + form[name]).join(''))
    .digest('base64');
}

let messages = 0;

async function openFake() {
  const fake = await openCarrierFake(({ body }: CarrierRequest): CarrierResponse => {
    const to = new URLSearchParams(body).get('To') ?? '';
    if (!to.startsWith('+')) return { status: 400, body: { code: 21211, message: 'no', status: 400 } };
    messages += 1;
    const sid = `SM${String(messages).padStart(32, '0')}`;
    return { status: 201, body: { sid, status: 'queued', error_code: null, price: null, account_sid: ACCOUNT } };
  });
  return {
    ...fake,
    /** What each request asked to be sent, by our reference. */
    sent: () =>
      fake.requests.map(({ body }) => {
        const form = new URLSearchParams(body);
        return { to: form.get('To'), text: form.get('Body'), callback: form.get('StatusCallback') ?? '' };
      }),
  };
}
