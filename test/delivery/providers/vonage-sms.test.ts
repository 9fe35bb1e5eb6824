import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { vonage } from '../../../src/delivery/providers/vonage.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, NOW, outbound } from './provider-rig.ts';

const KEY = 'abcd1234';
const API_SECRET = 'an-api-secret-of-ours';
const SECRET = 'signature-secret-of-now';
const OLD_SECRET = 'signature-secret-of-before';
const TOKEN = 'a-callback-token-of-twenty-four';
const ID = '0C000000F00ABD35';
const REFERENCE = outbound().reference;
const signal = new AbortController().signal;

const config = { api: 'sms', api_key: KEY, api_secret: API_SECRET, signature_secrets: [SECRET, OLD_SECRET] };

type Members = Record<string, string>;

/** "Signing Messages": all members in order, with & and = in names and values made harmless. */
function sig(members: Members, secret = SECRET, method = 'sha256') {
  const clean = (text: string) => text.replaceAll('&', '_').replaceAll('=', '_');
  const names = Object.keys(members).sort();
  const text = names.map((name) => `&${clean(name)}=${clean(members[name] ?? '')}`).join('');
  return createHmac(method, secret).update(text).digest('hex');
}

const part = (over: object = {}) => ({
  to: '33612345678',
  'message-id': ID,
  status: '0',
  'remaining-balance': '3.14159265',
  'message-price': '0.03330000',
  network: '20801',
  'client-ref': REFERENCE,
  ...over,
});
const parts = (...messages: object[]) => ({
  status: 200,
  body: { 'message-count': String(messages.length), messages },
});

/** `POST /sms/json` as documented: errors under 200, in `status`. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (status: string) => parts({ status, 'error-text': 'no' });
  if (method !== 'POST' || path !== '/sms/json') return { status: 404, body: '' };
  if (headers['content-type'] !== 'application/x-www-form-urlencoded') return refuse('2');
  const members = Object.fromEntries(new URLSearchParams(body));
  const { sig: given, ...rest } = members;
  const basic = `Basic ${Buffer.from(`${KEY}:${API_SECRET}`).toString('base64')}`;
  if (given !== undefined) {
    if (headers.authorization !== undefined || members.api_key !== KEY) return refuse('32');
    if (members.timestamp !== String(NOW / 1_000) || given !== sig(rest)) return refuse('14');
  } else if (headers.authorization !== basic) return refuse('4');
  if (!/^\d{7,15}$/.test(members.to ?? '')) return refuse('3');
  if (!members.from || !members.text) return refuse('2');
  if (!['text', 'unicode'].includes(members.type ?? '')) return refuse('3');
  const ttl = Number(members.ttl);
  if (!Number.isInteger(ttl) || ttl < 20_000 || ttl > 604_800_000) return refuse('16');
  if ((members.callback?.length ?? 0) > 100) return refuse('23');
  return parts(part());
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(vonage, { base_url: carrier.url, ...config, ...over }) };
}

const form = (carrier: { requests: CarrierRequest[] }) =>
  Object.fromEntries(new URLSearchParams(carrier.requests[0]?.body));

describe('sending', () => {
  const accepted = {
    kind: 'accepted',
    providerId: ID,
    price: { amount: '0.0333', currency: 'EUR' },
    mccMnc: '20801',
  };

  test('a message is a form, with our reference and callback URL', async () => {
    const { carrier, provider } = await open();
    expect(await provider.send(outbound(), signal)).toEqual(accepted);
    expect(form(carrier)).toEqual({
      from: 'Example',
      to: '33612345678',
      text: 'Your Example code is 123456.',
      type: 'text',
      ttl: '600000',
      'client-ref': REFERENCE,
      'status-report-req': '1',
      callback: callbackUrl('receipts'),
    });
  });

  test('without an API secret each request is signed', async () => {
    const { carrier, provider } = await open({ api_secret: undefined });
    const text = 'Käse & Brot = 5 €: 123456';
    expect(await provider.send(outbound({ text }), signal)).toEqual(accepted);
    expect(form(carrier)).toMatchObject({ text, api_key: KEY, timestamp: String(NOW / 1_000) });
  });

  test('what is not in GSM-7 is sent as Unicode', async () => {
    const { carrier, provider } = await open();
    await provider.send(outbound({ text: 'קוד: 123456' }), signal);
    expect(form(carrier)).toMatchObject({ text: 'קוד: 123456', type: 'unicode' });
  });

  test('validity is kept within what Vonage takes', async () => {
    const { provider } = await open();
    for (const validitySeconds of [0, 1e9]) {
      expect(await provider.send(outbound({ validitySeconds }), signal)).toMatchObject({ kind: 'accepted' });
    }
  });

  test('where callbacks are not signed their URL bears a token', async () => {
    const { carrier, provider } = await open({ signature_secrets: undefined, callback_token: TOKEN });
    expect(await provider.send(outbound(), signal)).toEqual(accepted);
    expect(form(carrier).callback).toBe(`${callbackUrl('receipts')}?token=${TOKEN}`);
  });

  test('without a way to authenticate it no receipt is asked for and none is taken', async () => {
    const { carrier, provider } = await open({ signature_secrets: undefined });
    expect(await provider.send(outbound(), signal)).toEqual(accepted);
    expect(form(carrier)).toMatchObject({ 'status-report-req': '0' });
    expect([form(carrier).callback, provider.callbacks]).toEqual([undefined, undefined]);
  });

  test('of a long message all parts are told, and their price in all', async () => {
    const { carrier, provider } = await open();
    carrier.next(parts(part(), part({ 'message-id': 'B' }), part({ 'message-id': 'C', 'message-price': '0.1' })));
    expect(await provider.send(outbound(), signal)).toEqual({
      ...accepted,
      partIds: [ID, 'B', 'C'],
      price: { amount: '0.1666', currency: 'EUR' },
    });
  });

  test('when of any part it is unknown whether it was taken, it is of the whole', async () => {
    const { provider, carrier } = await open();
    carrier.next(parts(part({ status: '1', 'message-id': undefined }), part({ status: '5', 'message-id': undefined })));
    expect(await provider.send(outbound(), signal)).toMatchObject({ kind: 'outcome_unknown' });
  });

  test('when only some parts were taken, the outcome is unknown', async () => {
    const { carrier, provider } = await open();
    carrier.next(parts(part(), part({ status: '1', 'message-id': undefined })));
    const verdict = { kind: 'outcome_unknown', reason: 'unreadable_answer', carrierCode: '1' };
    expect(await provider.send(outbound(), signal)).toEqual(verdict);
  });

  test.each([
    ['1', 'failed', 'rate_limited'],
    ['2', 'failed', 'misconfigured'],
    ['3', 'rejected', 'unknown'],
    ['4', 'failed', 'authentication_failed'],
    ['5', 'outcome_unknown', 'unreadable_answer'],
    ['6', 'rejected', 'invalid_recipient'],
    ['7', 'rejected', 'blocked_recipient'],
    ['9', 'failed', 'insufficient_credit'],
    ['14', 'failed', 'authentication_failed'],
    ['15', 'failed', 'sender_refused'],
    ['29', 'failed', 'destination_refused'],
    ['9999', 'rejected', 'unknown'],
  ])('status %s: %s for %s', async (status, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next(parts({ status, 'error-text': 'to +33612345678' }));
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode: status });
  });

  test.each([
    ['no messages', parts()],
    ['a part without an id', parts(part(), part({ 'message-id': undefined }))],
    ['a part without a status', parts(part(), part({ status: undefined }))],
  ])('%s: the outcome is unknown', async (_, answer) => {
    const { carrier, provider } = await open();
    carrier.next(answer);
    expect(await provider.send(outbound(), signal)).toMatchObject({ kind: 'outcome_unknown' });
  });

  describeFaults(open);
});

const dlr = (over: Members): Members => ({
  msisdn: '33612345678',
  to: 'Example',
  'network-code': '20801',
  messageId: ID,
  price: '0.03330000',
  scts: '2611221200',
  'api-key': KEY,
  'client-ref': REFERENCE,
  'message-timestamp': '2026-11-22 12:00:04',
  timestamp: String(NOW / 1_000),
  nonce: '4f3c9e5a',
  ...over,
});

const sign = (members: Members, secret = SECRET): Members => ({ ...members, sig: sig(members, secret) });

describe('receipts', () => {
  const take = async (members: Members, over = {}) => {
    const body = new URLSearchParams(members).toString();
    return (await open()).provider.callbacks?.receipts?.(callback('receipts', { body, ...over }));
  };

  test.each([
    ['delivered', '0', { status: 'delivered' }],
    ['accepted', '0', { status: 'sent' }],
    ['buffered', '0', { status: 'buffered' }],
    ['expired', '2', { status: 'expired', reason: 'unreachable_recipient', carrierCode: '2' }],
    ['expired', '77', { status: 'expired', reason: 'expired', carrierCode: '77' }],
    ['failed', '3', { status: 'undelivered', reason: 'invalid_recipient', carrierCode: '3' }],
    ['failed', '6', { status: 'undelivered', reason: 'filtered', carrierCode: '6' }],
    ['rejected', '9', { status: 'rejected', reason: 'opted_out', carrierCode: '9' }],
    ['unknown', '99', { status: 'unknown' }],
    ['a-new-word', '99', { status: 'unknown' }],
  ])('%s %s', async (status, code, expected) => {
    expect(await take(sign(dlr({ status, 'err-code': code })))).toEqual({
      kind: 'taken',
      receipts: [
        {
          providerId: ID,
          reference: REFERENCE,
          at: Date.parse('2026-11-22T12:00:04Z'),
          price: { amount: '0.03330000', currency: 'EUR' },
          mccMnc: '20801',
          ...expected,
        },
      ],
    });
  });

  const delivered = sign(dlr({ status: 'delivered', 'err-code': '0' }));

  test('in the query and as JSON it is the same', async () => {
    const url = `${callbackUrl('receipts')}?${new URLSearchParams(delivered)}`;
    const expected = await take(delivered);
    expect(expected).toMatchObject({ kind: 'taken' });
    expect(await take({}, { method: 'GET', url, body: '' })).toEqual(expected);
    expect(await take({}, { body: JSON.stringify(delivered) })).toEqual(expected);
  });

  test('a signature in capitals, by the secret of before, hours ago, is as good', async () => {
    const members = sign(dlr({ status: 'delivered', timestamp: String(NOW / 1_000 - 20 * 3_600) }), OLD_SECRET);
    expect(await take({ ...members, sig: members.sig?.toUpperCase() ?? '' })).toMatchObject({ kind: 'taken' });
  });

  test('the method is the one of the account', async () => {
    const { provider } = await open({ signature_method: 'sha512' });
    const members = dlr({ status: 'delivered' });
    const ask = (given: string) => {
      const body = new URLSearchParams({ ...members, sig: given }).toString();
      return provider.callbacks?.receipts?.(callback('receipts', { body }));
    };
    expect(await ask(sig(members, SECRET, 'sha512'))).toMatchObject({ kind: 'taken' });
    expect(await ask(sig(members))).toMatchObject({ kind: 'unauthenticated' });
  });

  const { sig: _, ...unsigned } = delivered;
  test.each<[string, Members]>([
    ['not signed', unsigned],
    ['another secret', sign(unsigned, 'another-signature-secret')],
    ['another status', { ...delivered, status: 'failed' }],
    ['another message', { ...delivered, messageId: 'other' }],
    ['a member more', { ...delivered, more: '1' }],
    ['25 hours ago', sign({ ...unsigned, timestamp: String(NOW / 1_000 - 25 * 3_600) })],
    ['without a time', sign(Object.fromEntries(Object.entries(unsigned).filter(([name]) => name !== 'timestamp')))],
  ])('refused: %s', async (_name, members) => {
    expect(await take(members)).toMatchObject({ kind: 'unauthenticated' });
  });

  test('by the token in the URL, where callbacks are not signed', async () => {
    const { provider } = await open({ signature_secrets: undefined, callback_token: TOKEN });
    const body = new URLSearchParams(unsigned).toString();
    const ask = (query: string) =>
      provider.callbacks?.receipts?.(callback('receipts', { url: callbackUrl('receipts') + query, body }));
    expect(await ask(`?token=${TOKEN}`)).toMatchObject({ kind: 'taken', receipts: [{ status: 'delivered' }] });
    for (const query of ['', '?token=', '?token=another-callback-token-of-24', `?token=a&token=${TOKEN}`]) {
      expect(await ask(query)).toMatchObject({ kind: 'unauthenticated' });
    }
  });
});

describe('messages from phones', () => {
  const mo: Members = {
    type: 'text',
    to: '447700900000',
    msisdn: '33612345678',
    messageId: '0B0000004B65F62F',
    'message-timestamp': '2026-11-22 12:00:04',
    text: 'STOP & go=',
    keyword: 'STOP',
    timestamp: String(NOW / 1_000),
    nonce: '4f3c9e5a',
  };
  const take = async (members: Members) => {
    const body = new URLSearchParams(sign(members)).toString();
    return (await open()).provider.callbacks?.inbound?.(callback('inbound', { body }));
  };

  test('a text is taken', async () => {
    const at = Date.parse('2026-11-22T12:00:04Z');
    const common = { providerId: '0B0000004B65F62F', channel: 'sms', text: 'STOP & go=', at };
    const inbound = [{ ...common, from: '+33612345678', to: '+447700900000' }];
    expect(await take(mo)).toEqual({ kind: 'taken', inbound });
  });

  test('a binary message is passed over', async () => {
    const { text, keyword, ...binary } = mo;
    expect(await take({ ...binary, type: 'binary', data: '0011', udh: '00' })).toEqual({ kind: 'taken' });
  });
});

const near = fc.record(
  {
    messageId: fc.string(),
    status: fc.constantFrom('delivered', '__proto__', 'toString'),
    'err-code': fc.string(),
    price: fc.string(),
    msisdn: fc.string(),
    to: fc.string(),
    text: fc.string(),
  },
  { requiredKeys: [] },
);

/** Whatever the members are, they are signed as they would be read. */
function signBody(body: string): string {
  const isJson = body.trimStart().startsWith('{');
  let members: unknown;
  try {
    members = isJson ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
  } catch {
    members = {};
  }
  const scalars = Object.entries(members as object).filter(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  const timed = { ...Object.fromEntries(scalars.map(([name, value]) => [name, String(value)])) };
  const all: Members = { ...timed, timestamp: String(NOW / 1_000) };
  delete all.sig;
  return new URLSearchParams(sign(all)).toString();
}

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts', 'inbound'],
  sign: (kind, body) => callback(kind, { body: signBody(body.toString()) }),
  near: near.map((members) => JSON.stringify(members)),
});

describe('the configuration says what to mend', () => {
  test.each([
    [{ api_key: undefined }, '/api_key is needed for this api'],
    [
      { api_secret: undefined, signature_secrets: undefined },
      '/api_secret give api_secret, or signature_secrets to sign with',
    ],
    [{ callback_token: TOKEN }, '/callback_token is not needed where callbacks are signed'],
    [{ application_id: 'aaaaaaaa-bbbb-cccc-dddd-0123456789ab' }, '/application_id is of api: messages; leave it out'],
    [{ signature_method: 'md5' }, '/signature_method must be one of sha256, sha512'],
    [{ base_url: 'http://rest.nexmo.com' }, '/base_url must begin with https://'],
  ])('%j', async (over, message) => {
    await expect(makeProvider(vonage, { ...config, ...over })).rejects.toThrow(message);
  });
});
