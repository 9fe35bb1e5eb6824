import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plivo } from '../../../src/delivery/providers/plivo.ts';
import { withVouchedReference } from '../../../src/delivery/providers/plivo-signature.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, outbound } from './provider-rig.ts';

const AUTH_ID = 'MAXXXXXXXXXXXXXXXXXX';
const TOKEN = 'a-token-of-forty-characters-of-this-year';
const OLD_TOKEN = 'a-token-of-forty-characters-of-last-year';
const UUID = 'db3ce55a-7f1d-11e1-8ea7-1231380bc196';
const POWERPACK = '86bbb125-97bb-4d72-89fd-81d5c515b015';
const REFERENCE = outbound().reference;
const NONCE = '05429567804466091622';
const signal = new AbortController().signal;

const config = { auth_id: AUTH_ID, auth_tokens: [TOKEN, OLD_TOKEN], currency: 'USD' };

/** `POST /v1/Account/{auth_id}/Message/` as documented. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (status: number, error: string) => ({ status, body: { api_id: 'a', error } });
  if (method !== 'POST' || path !== `/v1/Account/${AUTH_ID}/Message/`) return refuse(404, 'not found');
  const basic = Buffer.from(`${AUTH_ID}:${TOKEN}`).toString('base64');
  if (headers.authorization !== `Basic ${basic}`) return { status: 401, body: 'Unauthorized' };
  if (headers['content-type'] !== 'application/json') return refuse(400, 'invalid JSON');
  const request = JSON.parse(body);
  if ('src' in request === 'powerpack_uuid' in request) return refuse(400, 'src or powerpack_uuid is needed');
  if (!/^\+\d{7,15}$/.test(request.dst)) return refuse(400, `${request.dst} is not a valid phone number`);
  if (!request.text || request.type !== 'sms') return refuse(400, 'text is needed');
  const { message_expiry: expiry } = request;
  if (!Number.isInteger(expiry) || expiry < 5 || expiry > 10_800) return refuse(400, 'message_expiry');
  return { status: 202, body: { api_id: 'a', message: 'message(s) queued', message_uuid: [UUID] } };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(plivo, { base_url: carrier.url, ...config, ...over }) };
}

const hmac = (text: string, token = TOKEN) => createHmac('sha256', token).update(text).digest('base64');

/** Over scheme, host and path. */
const v2 = (url: string, token = TOKEN) => ({
  'x-plivo-signature-v2': hmac(url.split('?')[0] + NONCE, token),
  'x-plivo-signature-v2-nonce': NONCE,
});

/** Over the URL, its query and the form, each in order. */
function v3(url: string, body: string, token = TOKEN) {
  const [base, query = ''] = url.split('?');
  const pairs = (text: string, between: string) =>
    [...new URLSearchParams(text)].map(([name, value]) => name + between + value).sort();
  const form = pairs(body, '').join('');
  const text = `${base}?${pairs(query, '=').join('&')}${query && form ? '.' : ''}${form}.${NONCE}`;
  return { 'x-plivo-signature-v3': hmac(text, token), 'x-plivo-signature-v3-nonce': NONCE };
}

/** The URL that a message was sent with. */
async function sentUrl(reference = REFERENCE): Promise<string> {
  const { carrier, provider } = await open();
  await provider.send(outbound({ reference }), signal);
  return JSON.parse(carrier.requests[0]?.body ?? '').url;
}

const form = (over: Record<string, string>) =>
  new URLSearchParams({
    MessageUUID: UUID,
    From: 'Example',
    To: '33612345678',
    Units: '1',
    TotalRate: '0.00500',
    TotalAmount: '0.00500',
    MCC: '208',
    MNC: '1',
    DeliveryReportTime: '2026-11-22 12:00:03.123456',
    ParentMessageUUID: UUID,
    ...over,
  }).toString();

describe('sending', () => {
  test('a message is JSON with a callback URL of its own, and a code is not logged', async () => {
    const { carrier, provider } = await open();
    const text = 'رمزك 123456';
    expect(await provider.send(outbound({ text }), signal)).toEqual({ kind: 'accepted', providerId: UUID });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toEqual({
      src: 'Example',
      dst: '+33612345678',
      text,
      type: 'sms',
      message_expiry: 600,
      log: false,
      url: expect.stringMatching(`^${callbackUrl('receipts')}\\?ref=${REFERENCE}&mac=[\\w-]{43}$`),
      method: 'POST',
    });
  });

  test('a Powerpack takes the place of the sender, and what is no code is logged as always', async () => {
    const { carrier, provider } = await open({ powerpack_uuid: POWERPACK });
    expect(await provider.send(outbound({ purpose: 'marketing' }), signal)).toMatchObject({ kind: 'accepted' });
    const request = JSON.parse(carrier.requests[0]?.body ?? '');
    expect([request.powerpack_uuid, request.src, request.log]).toEqual([POWERPACK, undefined, undefined]);
  });

  test('validity is kept within what Plivo takes', async () => {
    const { provider } = await open();
    for (const validitySeconds of [0, 1e9]) {
      expect(await provider.send(outbound({ validitySeconds }), signal)).toMatchObject({ kind: 'accepted' });
    }
  });

  test('a number that is none is refused in a success', async () => {
    const { carrier, provider } = await open();
    const body = { api_id: 'a', message: 'message(s) queued', message_uuid: [], invalid_number: ['+33612345678'] };
    carrier.next({ status: 202, body });
    const verdict = { kind: 'rejected', reason: 'invalid_recipient', carrierCode: 'invalid_number' };
    expect(await provider.send(outbound(), signal)).toEqual(verdict);
  });

  test.each([
    [400, 'rejected', 'unknown'],
    [402, 'failed', 'insufficient_credit'],
    [405, 'failed', 'misconfigured'],
  ])('%i: %s for %s, and no word of the error is kept', async (status, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { api_id: 'a', error: 'dst +33612345678 is wrong' } });
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode: `http_${status}` });
  });

  describeFaults(open);
});

describe('receipts', () => {
  const take = async (request: ReturnType<typeof callback>) => (await open()).provider.callbacks?.receipts?.(request);

  test.each([
    ['queued', '', { status: 'buffered' }],
    ['sent', '', { status: 'sent' }],
    ['delivered', '000', { status: 'delivered' }],
    ['read', '', { status: 'read' }],
    ['undelivered', '70', { status: 'undelivered', reason: 'unreachable_recipient', carrierCode: '70' }],
    ['undelivered', '30', { status: 'undelivered', reason: 'filtered', carrierCode: '30' }],
    ['undelivered', '77777', { status: 'undelivered', reason: 'unknown', carrierCode: '77777' }],
    ['failed', '200', { status: 'rejected', reason: 'opted_out', carrierCode: '200' }],
    ['failed', '420', { status: 'expired', reason: 'expired', carrierCode: '420' }],
    ['rejected', '', { status: 'rejected', reason: 'unknown' }],
    ['a-new-word', '', { status: 'unknown' }],
  ])('%s %s', async (Status, ErrorCode, expected) => {
    const url = await sentUrl();
    const body = form({ Status, ...(ErrorCode && { ErrorCode }) });
    const receipt = {
      reference: REFERENCE,
      at: Date.parse('2026-11-22T12:00:03.123Z'),
      price: { amount: '0.00500', currency: 'USD' },
      mccMnc: '20801',
      ...expected,
    };
    expect(await take(callback('receipts', { url, body, headers: v2(url) }))).toEqual({
      kind: 'taken',
      receipts: [receipt],
    });
    expect(await take(callback('receipts', { url, body, headers: v3(url, body) }))).toEqual({
      kind: 'taken',
      receipts: [{ providerId: UUID, ...receipt }],
    });
  });

  test('without the currency of the account no price is kept', async () => {
    const url = await sentUrl();
    const { provider } = await open({ currency: undefined });
    const request = callback('receipts', { url, body: form({ Status: 'delivered' }), headers: v2(url) });
    const result = await provider.callbacks?.receipts?.(request);
    expect(result?.kind === 'taken' && result.receipts?.[0]).not.toHaveProperty('price');
  });

  test('of a main account, one of several, with the auth token of before', async () => {
    const url = await sentUrl();
    const { 'x-plivo-signature-v2': signature, ...nonce } = v2(url, OLD_TOKEN);
    const headers = { ...nonce, 'x-plivo-signature-v2': 'other', 'x-plivo-signature-ma-v2': `other, ${signature}` };
    const request = callback('receipts', { url, body: form({ Status: 'sent' }), headers });
    expect(await take(request)).toMatchObject({ kind: 'taken' });
  });

  describe('refused', () => {
    const body = form({ Status: 'delivered' });
    const refused = { kind: 'unauthenticated' };

    test('what is not signed, or signed with another token or for another path', async () => {
      const url = await sentUrl();
      const inbound = callbackUrl('inbound');
      const others = [{}, { ...v2(url), 'x-plivo-signature-v2': '' }, v2(url, 'x'.repeat(40)), v2(inbound)];
      for (const headers of others)
        expect(await take(callback('receipts', { url, body, headers }))).toMatchObject(refused);
    });

    test('a right signature over the path of a URL that vouches for no message, or for another one', async () => {
      const [url, other] = [await sentUrl(), await sentUrl('another-reference')];
      const swapped = `${url.split('&')[0]}&${other.split('&')[1]}`;
      for (const forged of [callbackUrl('receipts'), url.split('&')[0] ?? '', swapped]) {
        expect(await take(callback('receipts', { url: forged, body, headers: v2(url) }))).toMatchObject(refused);
      }
    });

    test('version 3: another form, another query, and a fall back to version 2', async () => {
      const url = await sentUrl();
      const headers = v3(url, body);
      const failed = form({ Status: 'failed' });
      expect(await take(callback('receipts', { url, body: failed, headers }))).toMatchObject(refused);
      expect(await take(callback('receipts', { url: `${url}&a=b`, body, headers }))).toMatchObject(refused);
      const both = { ...v2(url), ...headers, 'x-plivo-signature-v3': 'wrong' };
      expect(await take(callback('receipts', { url, body, headers: both }))).toMatchObject(refused);
    });
  });

  test('signed, but not a receipt', async () => {
    const url = await sentUrl();
    const request = callback('receipts', { url, body: 'Status=delivered', headers: v2(url) });
    expect(await take(request)).toMatchObject({ kind: 'unreadable' });
  });
});

test('version 3 as Plivo computes it', async () => {
  // From the documented steps, by hand: sorted query after "?", "." before the sorted form, "." before the nonce.
  const url = `${callbackUrl('inbound')}?b=2&a=1&a=0`;
  const body = 'To=36111&From=33612345678&MessageUUID=u&Text=x';
  const text = `${callbackUrl('inbound')}?a=0&a=1&b=2.From33612345678MessageUUIDuTextxTo36111.${NONCE}`;
  const headers = { 'x-plivo-signature-v3': hmac(text), 'x-plivo-signature-v3-nonce': NONCE };
  const { provider } = await open();
  expect(await provider.callbacks?.inbound?.(callback('inbound', { url, body, headers }))).toMatchObject({
    kind: 'taken',
    inbound: [{ from: '+33612345678', to: '36111', text: 'x' }],
  });
});

test('a message from a phone is taken and answered with nothing to say', async () => {
  const { provider } = await open();
  const url = callbackUrl('inbound');
  const body = new URLSearchParams({
    MessageUUID: UUID,
    From: '33612345678',
    To: '14155550100',
    Type: 'sms',
    Text: 'STOP',
  });
  const request = callback('inbound', { body: body.toString(), headers: v2(url) });
  expect(await provider.callbacks?.inbound?.(request)).toEqual({
    kind: 'taken',
    inbound: [{ providerId: UUID, channel: 'sms', from: '+33612345678', to: '+14155550100', text: 'STOP' }],
    answer: { status: 200, contentType: 'text/xml', body: '<Response/>' },
  });
});

const near = fc
  .record(
    {
      MessageUUID: fc.string(),
      Status: fc.constantFrom('delivered', 'failed', '__proto__', 'toString'),
      ErrorCode: fc.oneof(fc.string(), fc.nat().map(String)),
      TotalAmount: fc.string(),
      MCC: fc.string(),
      MNC: fc.string(),
      From: fc.string(),
      To: fc.string(),
    },
    { requiredKeys: [] },
  )
  .map((members) => new URLSearchParams(members).toString());

const vouched = withVouchedReference(callbackUrl('receipts'), REFERENCE, TOKEN);

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts', 'inbound'],
  sign(kind, body) {
    const url = kind === 'receipts' ? vouched : callbackUrl(kind);
    return callback(kind, { url, body, headers: v2(url) });
  },
  near,
});

describe('the configuration says what to mend', () => {
  test.each([
    [{ auth_id: 'me' }, '/auth_id must match pattern'],
    [{ auth_tokens: ['short'] }, '/auth_tokens/0 must NOT have fewer than 32 characters'],
    [{ powerpack_uuid: 'pack' }, '/powerpack_uuid must match pattern'],
    [{ base_url: 'http://api.plivo.com' }, '/base_url must begin with https://'],
  ])('%j', async (over, message) => {
    await expect(makeProvider(plivo, { ...config, ...over })).rejects.toThrow(message);
  });
});
