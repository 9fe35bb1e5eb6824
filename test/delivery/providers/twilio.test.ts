import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { twilio } from '../../../src/delivery/providers/twilio.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, outbound } from './provider-rig.ts';
import { signTwilio } from './twilio-signature.ts';

const ACCOUNT = `AC${'0a'.repeat(16)}`;
const SERVICE = `MG${'0b'.repeat(16)}`;
const KEY = `SK${'0c'.repeat(16)}`;
const TOKEN = 'f'.repeat(32);
const OLD_TOKEN = 'e'.repeat(32);
const MESSAGE = `SM${'0d'.repeat(16)}`;
const REFERENCE = outbound().reference;
const signal = new AbortController().signal;

const config = { account_sid: ACCOUNT, auth_tokens: [TOKEN, OLD_TOKEN] };

/** The Message resource as documented: form, basic authentication, E.164, one sender or one service. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (status: number, code: number) => ({ status, body: { code, message: 'no', status } });
  if (method !== 'POST' || path !== `/2010-04-01/Accounts/${ACCOUNT}/Messages.json`) return refuse(404, 20404);
  const [user, password] = Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64')
    .toString()
    .split(':');
  const known = (user === ACCOUNT && password === TOKEN) || (user === KEY && password === 'key-secret');
  if (!headers.authorization?.startsWith('Basic ') || !known) return refuse(401, 20003);
  if (headers['content-type'] !== 'application/x-www-form-urlencoded') return refuse(400, 21604);
  const form = new URLSearchParams(body);
  if (!/^\+[1-9]\d{6,14}$/.test(form.get('To') ?? '')) return refuse(400, 21211);
  if (!form.get('Body')) return refuse(400, 21602);
  if (form.has('From') === form.has('MessagingServiceSid')) return refuse(400, 21603);
  const validity = Number(form.get('ValidityPeriod'));
  if (!Number.isInteger(validity) || validity < 1 || validity > 36_000) return refuse(400, 90007);
  return {
    status: 201,
    body: { sid: MESSAGE, status: 'queued', error_code: null, price: null, price_unit: 'USD', account_sid: ACCOUNT },
  };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(twilio, { base_url: carrier.url, ...config, ...over }) };
}

function signed(url: string, form: Record<string, string>, token = TOKEN) {
  return signTwilio(url, new URLSearchParams(form), token);
}

const receiptUrl = `${callbackUrl('receipts')}?ref=${REFERENCE}`;

function receipt(form: Record<string, string>, over: Parameters<typeof callback>[1] = {}) {
  const all = { AccountSid: ACCOUNT, From: '+15005550006', To: '+33612345678', MessageSid: MESSAGE, ...form };
  return callback('receipts', {
    url: receiptUrl,
    body: new URLSearchParams(all).toString(),
    headers: { 'x-twilio-signature': signed(receiptUrl, all) },
    ...over,
  });
}

describe('sending', () => {
  test('a message is a form with our reference in the signed callback URL', async () => {
    const { carrier, provider } = await open();
    const text = 'Ihr Code für Käse & Brot: 123456 – 漢字 +1';
    expect(await provider.send(outbound({ text }), signal)).toEqual({ kind: 'accepted', providerId: MESSAGE });
    expect(Object.fromEntries(new URLSearchParams(carrier.requests[0]?.body))).toEqual({
      To: '+33612345678',
      From: 'Example',
      Body: text,
      SmartEncoded: 'false',
      ValidityPeriod: '600',
      StatusCallback: receiptUrl,
    });
  });

  test('the API key is used where there is one', async () => {
    const { provider } = await open({ api_key_sid: KEY, api_key_secret: 'key-secret' });
    expect(await provider.send(outbound(), signal)).toMatchObject({ kind: 'accepted' });
  });

  test('a messaging service takes the place of the sender', async () => {
    const { carrier, provider } = await open({ messaging_service_sid: SERVICE });
    expect(await provider.send(outbound(), signal)).toMatchObject({ kind: 'accepted' });
    const form = new URLSearchParams(carrier.requests[0]?.body);
    expect([form.get('MessagingServiceSid'), form.get('From')]).toEqual([SERVICE, null]);
  });

  test('validity is kept within what Twilio takes', async () => {
    const { carrier, provider } = await open();
    await provider.send(outbound({ validitySeconds: 86_400 }), signal);
    await provider.send(outbound({ validitySeconds: 0 }), signal);
    const sent = carrier.requests.map(({ body }) => new URLSearchParams(body).get('ValidityPeriod'));
    expect(sent).toEqual(['36000', '1']);
  });

  test('smart encoding writes plain quotes and lets Twilio do the same', async () => {
    const { carrier, provider } = await open();
    const text = `Your code – “123456” ${'x'.repeat(80)}`;
    await provider.send(outbound({ text, smartEncoding: true }), signal);
    const form = new URLSearchParams(carrier.requests[0]?.body);
    expect([form.get('Body'), form.get('SmartEncoded')]).toEqual([`Your code - "123456" ${'x'.repeat(80)}`, 'true']);
  });

  test('without an auth token no receipt is asked for and none is taken', async () => {
    const { carrier, provider } = await open({
      auth_tokens: undefined,
      api_key_sid: KEY,
      api_key_secret: 'key-secret',
    });
    expect(await provider.send(outbound(), signal)).toMatchObject({ kind: 'accepted' });
    expect(new URLSearchParams(carrier.requests[0]?.body).has('StatusCallback')).toBe(false);
    expect(provider.callbacks).toBeUndefined();
  });

  test('a price that is told is kept', async () => {
    const { carrier, provider } = await open();
    carrier.next({ status: 201, body: { sid: MESSAGE, status: 'sent', price: '-0.00750', price_unit: 'USD' } });
    const price = { amount: '0.00750', currency: 'USD' };
    expect(await provider.send(outbound(), signal)).toEqual({ kind: 'accepted', providerId: MESSAGE, price });
  });

  test.each([
    [400, 21211, 'rejected', 'invalid_recipient'],
    [400, 21610, 'rejected', 'opted_out'],
    [400, 21617, 'rejected', 'invalid_message'],
    [400, 21606, 'failed', 'sender_refused'],
    [403, 21408, 'failed', 'destination_refused'],
    [401, 20003, 'failed', 'authentication_failed'],
    [429, 20429, 'failed', 'rate_limited'],
    [429, 21611, 'failed', 'rate_limited'],
    [404, 20404, 'failed', 'misconfigured'],
    [400, 99999, 'rejected', 'unknown'],
    [500, 20500, 'outcome_unknown', 'unreadable_answer'],
    [503, 30001, 'outcome_unknown', 'unreadable_answer'],
  ])('%i, error %i: %s for %s', async (status, code, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { code, message: 'To +33612345678 is not valid', status } });
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode: String(code) });
  });

  test('a message that was created and given up at once is refused', async () => {
    const { carrier, provider } = await open();
    carrier.next({ status: 201, body: { sid: MESSAGE, status: 'failed', error_code: 30007 } });
    const refused = { kind: 'failed', reason: 'filtered', carrierCode: '30007' };
    expect(await provider.send(outbound(), signal)).toEqual(refused);
  });

  describeFaults(open);
});

describe('receipts', () => {
  const take = async (request: ReturnType<typeof callback>) => (await open()).provider.callbacks?.receipts?.(request);

  test.each([
    ['accepted', '', { status: 'buffered' }],
    ['queued', '', { status: 'buffered' }],
    ['sending', '', { status: 'buffered' }],
    ['sent', '', { status: 'sent' }],
    ['delivered', '', { status: 'delivered' }],
    ['read', '', { status: 'read' }],
    ['undelivered', '30003', { status: 'undelivered', reason: 'unreachable_recipient', carrierCode: '30003' }],
    ['undelivered', '30007', { status: 'undelivered', reason: 'filtered', carrierCode: '30007' }],
    ['undelivered', '31999', { status: 'undelivered', reason: 'unknown', carrierCode: '31999' }],
    ['failed', '30036', { status: 'expired', reason: 'expired', carrierCode: '30036' }],
    // Twilio itself does not know: no other carrier is tried, as for any reason that is not mendable.
    ['undelivered', '30410', { status: 'undelivered', reason: 'timeout', carrierCode: '30410' }],
    ['failed', '21610', { status: 'rejected', reason: 'opted_out', carrierCode: '21610' }],
    ['canceled', '', { status: 'rejected', reason: 'unknown' }],
    ['partially_delivered', '', { status: 'unknown' }],
    ['a-new-word', '', { status: 'unknown' }],
    ['constructor', '', { status: 'unknown' }],
  ])('%s %s', async (MessageStatus, ErrorCode, expected) => {
    const result = await take(receipt({ MessageStatus, ...(ErrorCode && { ErrorCode }) }));
    expect(result).toEqual({
      kind: 'taken',
      receipts: [{ providerId: MESSAGE, reference: REFERENCE, ...expected }],
    });
  });

  test('the auth token of before is still good', async () => {
    const form = { MessageSid: MESSAGE, MessageStatus: 'delivered' };
    const body = new URLSearchParams(form).toString();
    const headers = { 'x-twilio-signature': signed(receiptUrl, form, OLD_TOKEN) };
    expect(await take(callback('receipts', { url: receiptUrl, body, headers }))).toMatchObject({ kind: 'taken' });
  });

  test('a member that comes twice is signed once', async () => {
    const body = `MessageSid=${MESSAGE}&MessageStatus=delivered&Tag=b&Tag=a&Tag=b`;
    const text = `${receiptUrl}MessageSid${MESSAGE}MessageStatusdeliveredTagaTagb`;
    const headers = { 'x-twilio-signature': createHmac('sha1', TOKEN).update(text).digest('base64') };
    expect(await take(callback('receipts', { url: receiptUrl, body, headers }))).toMatchObject({ kind: 'taken' });
  });

  test('the usual port may be written in the signed URL', async () => {
    const form = { MessageSid: MESSAGE, MessageStatus: 'delivered' };
    const body = new URLSearchParams(form).toString();
    const withPort = receiptUrl.replace('otp.example.com', 'otp.example.com:443');
    const headers = { 'x-twilio-signature': signed(withPort, form) };
    expect(await take(callback('receipts', { url: receiptUrl, body, headers }))).toMatchObject({ kind: 'taken' });
  });

  const delivered = receipt({ MessageStatus: 'delivered' });
  test.each([
    ['no signature', { ...delivered, headers: {} }],
    ['an empty signature', { ...delivered, headers: { 'x-twilio-signature': '' } }],
    ['another message', receipt({ MessageStatus: 'delivered', MessageSid: 'SMother' }, { headers: delivered.headers })],
    ['another status', receipt({ MessageStatus: 'failed' }, { headers: delivered.headers })],
    ['another reference', { ...delivered, url: `${callbackUrl('receipts')}?ref=other` }],
    ['another path', { ...delivered, url: delivered.url.replace('receipts', 'inbound') }],
    ['the body not counted', { ...delivered, headers: { 'x-twilio-signature': signed(receiptUrl, {}) } }],
    ['another token', { ...delivered, headers: { 'x-twilio-signature': signed(receiptUrl, {}, '0'.repeat(32)) } }],
  ])('refused: %s', async (_, request) => {
    expect(await take(request)).toMatchObject({ kind: 'unauthenticated' });
  });

  test('signed, but not a receipt', async () => {
    const body = 'MessageSid=SM1';
    const headers = { 'x-twilio-signature': signed(receiptUrl, { MessageSid: 'SM1' }) };
    expect(await take(callback('receipts', { url: receiptUrl, body, headers }))).toMatchObject({ kind: 'unreadable' });
  });
});

test('a message from a phone is taken and answered with nothing to say', async () => {
  const { provider } = await open();
  const form = { MessageSid: MESSAGE, From: '+33612345678', To: '+15005550006', Body: 'STOP 🛑', NumMedia: '0' };
  const url = callbackUrl('inbound');
  const headers = { 'x-twilio-signature': signed(url, form) };
  const body = new URLSearchParams(form).toString();
  expect(await provider.callbacks?.inbound?.(callback('inbound', { body, headers }))).toEqual({
    kind: 'taken',
    inbound: [{ providerId: MESSAGE, channel: 'sms', from: '+33612345678', to: '+15005550006', text: 'STOP 🛑' }],
    answer: { status: 200, contentType: 'text/xml', body: '<Response/>' },
  });
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts', 'inbound'],
  sign(kind, body) {
    const signature = signTwilio(callbackUrl(kind), new URLSearchParams(body.toString()), TOKEN);
    return callback(kind, { body, headers: { 'x-twilio-signature': signature } });
  },
  near: fc
    .record(
      {
        MessageSid: fc.string(),
        MessageStatus: fc.constantFrom('delivered', 'failed', '__proto__', 'toString'),
        ErrorCode: fc.oneof(fc.string(), fc.nat().map(String)),
        From: fc.string(),
        To: fc.string(),
        Body: fc.string(),
      },
      { requiredKeys: [] },
    )
    .map((form) => new URLSearchParams(form).toString()),
});

describe('the configuration says what to mend', () => {
  test.each([
    [{ auth_tokens: undefined }, '/auth_tokens give auth_tokens, or api_key_sid and api_key_secret'],
    [{ api_key_sid: KEY }, '/api_key_secret api_key_sid and api_key_secret go together'],
    [{ account_sid: 'SK123' }, '/account_sid must match pattern'],
    [{ base_url: 'http://api.twilio.com' }, '/base_url must begin with https://'],
    [{ auth_tokens: ['short'] }, '/auth_tokens/0 must NOT have fewer than 32 characters'],
    [{ acount: 1 }, '/acount is not known'],
  ])('%j', async (over, message) => {
    await expect(makeProvider(twilio, { ...config, ...over })).rejects.toThrow(message);
  });
});
