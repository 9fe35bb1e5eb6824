import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newSecret } from '../../projects/new-secret.ts';
import { privateFolder } from '../../rig/stores.ts';
import { openTestService, type TestService } from '../../service.ts';

const CONFIG = `
public_url: https://otp.example
providers:
  carrier: { type: twilio, account_sid: AC${'a'.repeat(32)}, auth_tokens: [${'b'.repeat(32)}] }
routes:
  senders:
    - { value: "+33755550100", kind: long, countries: [FR] }
  rules:
    - name: france
      when: { channel: sms, country: FR }
      providers: [{ provider: carrier, cost: { amount: "0.0450", currency: EUR } }]
    - name: bulk
      when: { purpose: marketing, channel: sms }
      providers: [{ provider: carrier, cost: { amount: "0.01", currency: USD } }]
`;

let api: TestService;

beforeAll(async () => {
  const file = join(privateFolder('config'), 'countersign.yaml');
  writeFileSync(file, CONFIG);
  api = await openTestService('embedded', { key: newSecret('live'), env: { COUNTERSIGN_CONFIG: file } });
});
afterAll(() => api?.close());

it('a preview names who would carry it and what all its segments cost by the routing table', async () => {
  const { body: template } = await api.call('POST', '/v1/templates', {
    name: 'notice',
    variables: { text: { type: 'string' } },
    default_locale: 'en',
    locales: { en: { sms: { text: '{{text}}' } } },
  });
  const preview = async (text: string, to: string | undefined, more: object = {}) => {
    const body = { channel: 'sms', variables: { text }, ...(to && { to }), ...more };
    return (await api.call('POST', `/v1/templates/${template.id}/preview`, body)).body;
  };
  expect(await preview('hello', '+33612345678')).toMatchObject({
    ...{ segments: 1, provider: 'carrier', sender: '+33755550100', cost: { amount: '0.045', currency: 'EUR' } },
  });
  expect(await preview('x'.repeat(161), '+33612345678')).toMatchObject({
    ...{ segments: 2, cost: { amount: '0.09', currency: 'EUR' } },
  });
  expect(await preview('hello', undefined)).toMatchObject({ provider: null, cost: null });
  const message = { to: '+33612345678', template: template.id, variables: { text: 'ü'.repeat(161) } };
  expect((await api.call('POST', '/v1/messages/preview', message)).body).toMatchObject({
    ...{ segments: 2, encoding: 'gsm7', provider: 'carrier', cost: { amount: '0.09', currency: 'EUR' } },
  });
});
