import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { whatsapp } from '../../../src/delivery/providers/whatsapp.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults, nearJson } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, outbound } from './provider-rig.ts';

const NUMBER_ID = '106540352242922';
const SECRET = 'app-secret-of-now';
const OLD_SECRET = 'app-secret-of-before';
const VERIFY_TOKEN = 'a-verify-token-of-ours';
const WAMID = 'wamid.HBgLMzM2MTIzNDU2NzgVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA';
const REFERENCE = outbound().reference;
const signal = new AbortController().signal;

const config = {
  phone_number_id: NUMBER_ID,
  access_token: 'EAAJB-access-token-of-ours',
  app_secrets: [SECRET, OLD_SECRET],
  verify_token: VERIFY_TOKEN,
  template: { name: 'sign_in_code', languages: ['en_US', 'fr', 'pt_BR', 'zh_TW'] },
};

const code = (over = {}) => outbound({ channel: 'whatsapp', code: '123456', ...over });

/** The messages endpoint as documented: bearer token, JSON, a template of which each parameter is there. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (status: number, number: number) => ({
    status,
    body: { error: { message: `(#${number}) no`, type: 'OAuthException', code: number, fbtrace_id: 'A' } },
  });
  if (method !== 'POST' || path !== `/v24.0/${NUMBER_ID}/messages`) return refuse(400, 100);
  if (headers.authorization !== 'Bearer EAAJB-access-token-of-ours') return refuse(401, 190);
  if (headers['content-type'] !== 'application/json') return refuse(400, 100);
  const request = JSON.parse(body);
  if (request.messaging_product !== 'whatsapp' || !/^\+\d{7,15}$/.test(request.to)) return refuse(400, 131009);
  if (request.biz_opaque_callback_data?.length > 512) return refuse(400, 131009);
  if (request.type === 'template') {
    const { template } = request;
    if (template.name === 'invoice') return accepted(request.to);
    if (template.name !== 'sign_in_code') return refuse(404, 132001);
    if (!config.template.languages.includes(template.language.code)) return refuse(404, 132001);
    const [first, button] = template.components;
    const parameters = JSON.stringify([{ type: 'text', text: first.parameters[0].text }]);
    const fits =
      first.type === 'body' &&
      JSON.stringify(first.parameters) === parameters &&
      JSON.stringify(button) === `{"type":"button","sub_type":"url","index":"0","parameters":${parameters}}`;
    if (!fits || first.parameters[0].text.length > 15) return refuse(400, 132000);
  } else if (request.type !== 'text' || typeof request.text.body !== 'string') return refuse(400, 131051);
  return accepted(request.to);
}

function accepted(to: string): CarrierResponse {
  return {
    status: 200,
    body: {
      messaging_product: 'whatsapp',
      contacts: [{ input: to, wa_id: to.slice(1) }],
      messages: [{ id: WAMID, message_status: 'accepted' }],
    },
  };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(whatsapp, { base_url: carrier.url, ...config, ...over }) };
}

const hub = (body: string | Buffer, secret = SECRET) => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
});

function webhook(value: object, phone_number_id = NUMBER_ID) {
  const metadata = { display_phone_number: '+33 1 23 45 67 89', phone_number_id };
  const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } };
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes: [change] }] });
  return callback('receipts', { body, headers: hub(body) });
}

describe('sending', () => {
  test('a code goes out in the template, twice in its parameters, with our reference', async () => {
    const { carrier, provider } = await open();
    expect(await provider.send(code(), signal)).toEqual({ kind: 'accepted', providerId: WAMID });
    const parameters = [{ type: 'text', text: '123456' }];
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toEqual({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: '+33612345678',
      biz_opaque_callback_data: REFERENCE,
      type: 'template',
      template: {
        name: 'sign_in_code',
        language: { code: 'en_US' },
        components: [
          { type: 'body', parameters },
          { type: 'button', sub_type: 'url', index: '0', parameters },
        ],
      },
    });
  });

  test.each([
    ['en-US', 'en_US'],
    ['en-GB', 'en_US'],
    ['fr', 'fr'],
    ['fr-CA', 'fr'],
    ['pt', 'pt_BR'],
    ['pt-PT', 'pt_BR'],
    ['zh-Hant', 'zh_TW'],
    ['sv', 'en_US'],
    ['not a locale', 'en_US'],
  ])('in %s it is the template %s', async (locale, language) => {
    const { carrier, provider } = await open();
    expect(await provider.send(code({ locale }), signal)).toMatchObject({ kind: 'accepted' });
    expect(JSON.parse(carrier.requests[0]?.body ?? '').template.language).toEqual({ code: language });
  });

  test('a message without a code is free text', async () => {
    const { carrier, provider } = await open();
    const text = 'Grüße 👋';
    expect(await provider.send(outbound({ channel: 'whatsapp', text }), signal)).toMatchObject({ kind: 'accepted' });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toMatchObject({ type: 'text', text: { body: text } });
  });

  test('a message that names a template of the account fills it in, place by place', async () => {
    const { carrier, provider } = await open();
    const own = { name: 'invoice', language: 'fr_FR', parameters: ['Ann', '12,50 €'] };
    const message = outbound({ channel: 'whatsapp', text: 'Ann: 12,50 €', whatsapp: own });
    expect(await provider.send(message, signal)).toMatchObject({ kind: 'accepted' });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toMatchObject({
      type: 'template',
      template: {
        name: 'invoice',
        language: { code: 'fr_FR' },
        components: [{ type: 'body', parameters: own.parameters.map((text) => ({ type: 'text', text })) }],
      },
    });
    await provider.send(outbound({ channel: 'whatsapp', whatsapp: { ...own, parameters: [] } }), signal);
    expect(JSON.parse(carrier.requests[1]?.body ?? '').template).not.toHaveProperty('components');
  });

  test('a code that no template takes is left to another channel', async () => {
    const { carrier, provider } = await open();
    const verdict = { kind: 'failed', reason: 'unsupported', carrierCode: 'code_too_long' };
    expect(await provider.send(code({ code: '1234567890123456' }), signal)).toEqual(verdict);
    expect(carrier.requests).toEqual([]);
  });

  test.each([
    [400, 131026, 'rejected', 'not_on_channel'],
    [400, 131047, 'failed', 'destination_refused'],
    [400, 130429, 'failed', 'rate_limited'],
    [429, 130429, 'failed', 'rate_limited'],
    [400, 131056, 'failed', 'rate_limited'],
    [400, 131049, 'failed', 'filtered'],
    [400, 131050, 'rejected', 'opted_out'],
    [404, 132001, 'failed', 'misconfigured'],
    [400, 132015, 'failed', 'misconfigured'],
    [403, 131031, 'failed', 'sender_refused'],
    [401, 190, 'failed', 'authentication_failed'],
    [403, 200, 'failed', 'authentication_failed'],
    [403, 299, 'failed', 'authentication_failed'],
    [500, 131000, 'failed', 'unavailable'],
    [503, 131016, 'failed', 'unavailable'],
    [500, 1, 'outcome_unknown', 'unreadable_answer'],
    [400, 999999, 'rejected', 'unknown'],
  ])('%i, error %i: %s for %s', async (status, number, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { error: { message: '+33612345678', code: number, error_subcode: 2494010 } } });
    expect(await provider.send(code(), signal)).toEqual({ kind, reason, carrierCode: String(number) });
  });

  describeFaults(open, { channel: 'whatsapp', code: '123456' });
});

describe('receipts', () => {
  const take = async (request: ReturnType<typeof callback>) => (await open()).provider.callbacks?.receipts?.(request);
  const status = (over: object) => ({
    id: WAMID,
    timestamp: '1795348800',
    recipient_id: '33612345678',
    biz_opaque_callback_data: REFERENCE,
    ...over,
  });

  test.each([
    ['sent', undefined, { status: 'sent' }],
    ['delivered', undefined, { status: 'delivered' }],
    ['read', undefined, { status: 'read' }],
    ['played', undefined, { status: 'read' }],
    ['failed', 131026, { status: 'undelivered', reason: 'not_on_channel', carrierCode: '131026' }],
    ['failed', 131047, { status: 'undelivered', reason: 'destination_refused', carrierCode: '131047' }],
    ['failed', 999999, { status: 'undelivered', reason: 'unknown', carrierCode: '999999' }],
    ['deleted', undefined, { status: 'unknown' }],
  ])('%s %s', async (word, number, expected) => {
    const errors = number === undefined ? {} : { errors: [{ code: number, title: 'no', message: 'no' }] };
    expect(await take(webhook({ statuses: [status({ status: word, ...errors })] }))).toEqual({
      kind: 'taken',
      receipts: [{ providerId: WAMID, reference: REFERENCE, at: 1_795_348_800_000, ...expected }],
      inbound: [],
    });
  });

  test('many in one call, in the order they came', async () => {
    const statuses = ['read', 'delivered', 'sent'].map((word) => status({ status: word }));
    const result = await take(webhook({ statuses }));
    const receipts = result?.kind === 'taken' ? result.receipts : [];
    expect(receipts?.map((receipt) => receipt.status)).toEqual(['read', 'delivered', 'sent']);
  });

  test('of another number of the account: passed over', async () => {
    const other = webhook({ statuses: [status({ status: 'delivered' })] }, '1065403522');
    expect(await take(other)).toEqual({ kind: 'taken', receipts: [], inbound: [] });
  });

  const delivered = webhook({ statuses: [status({ status: 'delivered' })] });
  const body = delivered.body;
  test.each([
    ['no signature', { ...delivered, headers: {} }],
    ['another secret', { ...delivered, headers: hub(body, 'another-app-secret') }],
    ['another body', { ...delivered, body: Buffer.from(body.toString().replace('delivered', 'sent')) }],
    ['a body written anew', { ...delivered, body: Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1)) }],
    ['SHA-1', { ...delivered, headers: { 'x-hub-signature': hub(body)['x-hub-signature-256'] } }],
    [
      'without its prefix',
      { ...delivered, headers: { 'x-hub-signature-256': hub(body)['x-hub-signature-256'].slice(7) } },
    ],
  ])('refused: %s', async (_, request) => {
    expect(await take(request)).toMatchObject({ kind: 'unauthenticated' });
  });

  test('the app secret of before is still good', async () => {
    expect(await take({ ...delivered, headers: hub(body, OLD_SECRET) })).toMatchObject({ kind: 'taken' });
  });

  test('a webhook of another product is not readable', async () => {
    const page = JSON.stringify({ object: 'page', entry: [] });
    expect(await take(callback('receipts', { body: page, headers: hub(page) }))).toMatchObject({ kind: 'unreadable' });
  });
});

test('texts and pressed buttons are taken, pictures and hidden numbers are not', async () => {
  const { provider } = await open();
  const common = { from: '33612345678', timestamp: '1795348800' };
  const messages = [
    { ...common, id: 'wamid.1', type: 'text', text: { body: 'STOP' } },
    { ...common, id: 'wamid.2', type: 'button', button: { text: 'Yes', payload: 'y' } },
    { ...common, id: 'wamid.3', type: 'interactive', interactive: { list_reply: { id: '1', title: 'No' } } },
    { ...common, id: 'wamid.4', type: 'image', image: { id: '1' } },
    { id: 'wamid.5', from_user_id: 'FR.123', timestamp: '1795348800', type: 'text', text: { body: 'Hi' } },
  ];
  const taken = { channel: 'whatsapp', from: '+33612345678', to: '+33123456789', at: 1_795_348_800_000 };
  expect(await provider.callbacks?.inbound?.(webhook({ messages }))).toEqual({
    kind: 'taken',
    receipts: [],
    inbound: [
      { ...taken, providerId: 'wamid.1', text: 'STOP' },
      { ...taken, providerId: 'wamid.2', text: 'Yes' },
      { ...taken, providerId: 'wamid.3', text: 'No' },
    ],
  });
});

describe('when the webhook is entered', () => {
  const ask = async (query: Record<string, string>) => {
    const url = `${callbackUrl('receipts')}?${new URLSearchParams(query)}`;
    return (await open()).provider.callbacks?.receipts?.(callback('receipts', { method: 'GET', url }));
  };
  const right = { 'hub.mode': 'subscribe', 'hub.verify_token': VERIFY_TOKEN, 'hub.challenge': '1158201444' };

  test('the challenge is given back to who knows the token', async () => {
    const answer = { status: 200, contentType: 'text/plain', body: '1158201444' };
    expect(await ask(right)).toEqual({ kind: 'taken', answer });
  });

  test.each([
    [{ 'hub.verify_token': 'another' }, 'unauthenticated'],
    [{ 'hub.mode': 'unsubscribe' }, 'unauthenticated'],
    [{ 'hub.challenge': '<script>' }, 'unreadable'],
    [{ 'hub.challenge': '' }, 'unreadable'],
  ])('but not with %j', async (over, kind) => {
    expect(await ask({ ...right, ...over })).toMatchObject({ kind });
  });
});

const near = nearJson({
  object: ['whatsapp_business_account'],
  entry: [
    [
      {
        changes: [
          { value: { metadata: { phone_number_id: NUMBER_ID }, statuses: [{ id: [], status: {} }, null, 'x'] } },
          { value: { metadata: { phone_number_id: NUMBER_ID }, statuses: [{ id: 'a', status: '__proto__' }] } },
          { value: { metadata: { phone_number_id: NUMBER_ID }, messages: [{ id: 1, from: 2, text: { body: 3 } }] } },
        ],
      },
    ],
  ],
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts', 'inbound'],
  sign: (kind, body) => callback(kind, { body, headers: hub(body) }),
  near: near.map((value) => JSON.stringify(value)),
});

describe('the configuration says what to mend', () => {
  test.each([
    [{ phone_number_id: '+33612345678' }, '/phone_number_id must match pattern'],
    [{ app_secrets: [] }, '/app_secrets must NOT have fewer than 1 items'],
    [{ verify_token: 'short' }, '/verify_token must NOT have fewer than 16 characters'],
    [{ template: { name: 'sign_in_code', languages: ['en-US'] } }, '/template/languages/0 must match pattern'],
    [{ base_url: 'http://graph.facebook.com' }, '/base_url must begin with https://'],
  ])('%j', async (over, message) => {
    await expect(makeProvider(whatsapp, { ...config, ...over })).rejects.toThrow(message);
  });
});

test('the property of the reader has something to read', () => {
  expect(fc.sample(near, 50).some((value) => JSON.stringify(value).includes(NUMBER_ID))).toBe(true);
});
