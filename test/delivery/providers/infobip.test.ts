import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { infobip } from '../../../src/delivery/providers/infobip.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeFaults } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, NOW, outbound } from './provider-rig.ts';

const TOKEN = 'a-token-of-24-characters';
const signal = new AbortController().signal;
const REFERENCE = outbound().reference;

const status = (name: string, groupName = name.split('_')[0] ?? '') => ({
  groupId: 1,
  groupName,
  id: 26,
  name,
  description: '',
});

/** As the OpenAPI of infobip-api-go-client v3 has `POST /sms/3/messages`. */
function api({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  if (method !== 'POST' || path !== '/sms/3/messages') return { status: 404, body: {} };
  if (headers.authorization !== 'App key-of-the-account') {
    return { status: 401, body: { errorCode: 'E401', description: 'The request lacks valid authentication.' } };
  }
  if (headers['content-type'] !== 'application/json') return { status: 415, body: {} };
  const [message, ...more] = JSON.parse(body).messages;
  const [destination] = message.destinations;
  const { validityPeriod } = message.options;
  const invalid: [boolean, string][] = [
    [more.length > 0, 'messages'],
    [!/^[1-9]\d{6,14}$/.test(destination.to), 'messages[0].destinations[0].to'],
    [typeof message.content.text !== 'string', 'messages[0].content.text'],
    [!['SECONDS', 'MINUTES', 'HOURS'].includes(validityPeriod.timeUnit), 'messages[0].options.validityPeriod.timeUnit'],
    [!(validityPeriod.amount <= 172_800), 'messages[0].options.validityPeriod.amount'],
    [message.webhooks.contentType !== 'application/json', 'messages[0].webhooks.contentType'],
  ];
  const property = invalid.find(([isInvalid]) => isInvalid)?.[1];
  if (property !== undefined) {
    return { status: 400, body: { errorCode: 'E400', violations: [{ property, violation: 'is not valid' }] } };
  }
  return {
    status: 200,
    body: {
      bulkId: '2034072219640523073',
      messages: [
        {
          messageId: destination.messageId,
          status: status('PENDING_ACCEPTED'),
          destination: destination.to,
          details: { messageCount: 1 },
        },
      ],
    },
  };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(api);
  const provider = await makeProvider(infobip, {
    base_url: carrier.url,
    api_key: 'key-of-the-account',
    callback_token: TOKEN,
    ...over,
  });
  return { carrier, provider };
}

describe('sending', () => {
  test('a message is sent as documented, with our reference and where to report', async () => {
    const { carrier, provider } = await open();
    expect(await provider.send(outbound({ from: '+447700900000' }), signal)).toEqual({
      kind: 'accepted',
      providerId: REFERENCE,
    });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toEqual({
      messages: [
        {
          sender: '447700900000',
          destinations: [{ to: '33612345678', messageId: REFERENCE }],
          content: { text: 'Your Example code is 123456.' },
          options: { validityPeriod: { amount: 600, timeUnit: 'SECONDS' } },
          webhooks: {
            delivery: { url: `${callbackUrl('receipts')}?token=${TOKEN}`, intermediateReport: true },
            contentType: 'application/json',
            callbackData: REFERENCE,
          },
        },
      ],
    });
  });

  test('a validity is what Infobip takes, and Unicode arrives whole', async () => {
    const { carrier, provider } = await open();
    await provider.send(outbound({ validitySeconds: 999_999, text: 'Код 🔑' }), signal);
    expect(JSON.parse(carrier.requests[0]?.body ?? '').messages[0]).toMatchObject({
      content: { text: 'Код 🔑' },
      options: { validityPeriod: { amount: 172_800 } },
    });
  });

  test('without a way to authenticate callbacks none is asked for and none is taken', async () => {
    const { carrier, provider } = await open({ callback_token: undefined });
    await provider.send(outbound(), signal);
    expect(JSON.parse(carrier.requests[0]?.body ?? '').messages[0].webhooks).not.toHaveProperty('delivery');
    expect(provider.callbacks).toBeUndefined();
  });

  test.each([
    ['REJECTED_NOT_ENOUGH_CREDITS', 'failed', 'insufficient_credit'],
    ['REJECTED_SENDER', 'failed', 'sender_refused'],
    ['REJECTED_ROUTE_NOT_AVAILABLE', 'failed', 'destination_refused'],
    ['REJECTED_FLOODING_FILTER', 'failed', 'filtered'],
    ['REJECTED_DESTINATION', 'rejected', 'blocked_recipient'],
    ['REJECTED_MESSAGE_TOO_LONG', 'rejected', 'invalid_message'],
    ['REJECTED_DUPLICATE_MESSAGE_ID', 'outcome_unknown', 'unknown'],
    ['REJECTED_SOMETHING_NEW', 'rejected', 'unknown'],
  ])('%s at once', async (name, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status: 200, body: { messages: [{ messageId: REFERENCE, status: status(name) }] } });
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode: name });
  });

  test.each([
    ['messages[0].destinations[0].to', 'rejected', 'invalid_recipient'],
    ['messages[0].sender', 'failed', 'sender_refused'],
    ['messages[0].content.text', 'rejected', 'invalid_message'],
    ['messages[0].options', 'rejected', 'unknown'],
  ])('400 about %s', async (property, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status: 400, body: { errorCode: 'E400', violations: [{ property, violation: '+33612345678' }] } });
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode: 'E400' });
  });

  test('an error of the older form', async () => {
    const { carrier, provider } = await open();
    const requestError = { serviceException: { messageId: 'UNAUTHORIZED', text: 'Invalid login details' } };
    carrier.next({ status: 401, body: { requestError } });
    expect(await provider.send(outbound(), signal)).toEqual({
      kind: 'failed',
      reason: 'authentication_failed',
      carrierCode: 'UNAUTHORIZED',
    });
  });

  describeFaults(open);
});

/** As "Receive outbound SMS message reports" has it. */
const report = (name: string, error = 'NO_ERROR') => ({
  bulkId: '2034072219640523073',
  messageId: REFERENCE,
  to: '33612345678',
  sentAt: '2026-11-22T11:59:50.000+0000',
  doneAt: '2026-11-22T11:59:55.000+0000',
  smsCount: 1,
  mccMnc: '20801',
  callbackData: REFERENCE,
  price: { pricePerMessage: 0.065, currency: 'EUR' },
  status: status(name),
  error: { groupId: 0, groupName: 'OK', id: 0, name: error, description: '', permanent: false },
});

async function take(
  body: string | Buffer,
  over: object = {},
  request: { url?: string; headers?: Record<string, string> } = {},
) {
  const { provider } = await open(over);
  const url = `${callbackUrl('receipts')}?token=${TOKEN}`;
  return provider.callbacks?.receipts?.(callback('receipts', { url, body, ...request }));
}

describe('reports', () => {
  test.each([
    ['PENDING_ACCEPTED', 'NO_ERROR', 'buffered', undefined, undefined],
    ['PENDING_ENROUTE', 'NO_ERROR', 'sent', undefined, undefined],
    ['DELIVERED_TO_OPERATOR', 'NO_ERROR', 'sent', undefined, undefined],
    ['DELIVERED_TO_HANDSET', 'NO_ERROR', 'delivered', undefined, undefined],
    [
      'UNDELIVERABLE_NOT_DELIVERED',
      'EC_ABSENT_SUBSCRIBER',
      'undelivered',
      'unreachable_recipient',
      'EC_ABSENT_SUBSCRIBER',
    ],
    [
      'UNDELIVERABLE_NOT_DELIVERED',
      'EC_UNKNOWN_SUBSCRIBER',
      'undelivered',
      'invalid_recipient',
      'EC_UNKNOWN_SUBSCRIBER',
    ],
    ['UNDELIVERABLE_NOT_DELIVERED', 'EC_NEW', 'undelivered', 'unknown', 'EC_NEW'],
    ['UNDELIVERABLE_REJECTED_OPERATOR', 'NO_ERROR', 'undelivered', 'filtered', 'UNDELIVERABLE_REJECTED_OPERATOR'],
    ['EXPIRED_EXPIRED', 'NO_ERROR', 'expired', 'expired', 'EXPIRED_EXPIRED'],
    ['EXPIRED_DLR_UNKNOWN', 'NO_ERROR', 'unknown', undefined, undefined],
    ['REJECTED_NOT_ENOUGH_CREDITS', 'NO_ERROR', 'rejected', 'insufficient_credit', 'REJECTED_NOT_ENOUGH_CREDITS'],
    ['REJECTED_NEW', 'NO_ERROR', 'rejected', 'unknown', 'REJECTED_NEW'],
    ['SOMETHING_NEW', 'NO_ERROR', 'unknown', undefined, undefined],
  ])('%s with %s', async (name, error, expected, reason, carrierCode) => {
    expect(await take(JSON.stringify({ results: [report(name, error)] }))).toEqual({
      kind: 'taken',
      receipts: [
        {
          providerId: REFERENCE,
          reference: REFERENCE,
          status: expected,
          ...(reason && { reason, carrierCode }),
          at: NOW - 5_000,
          price: { amount: '0.065', currency: 'EUR' },
          mccMnc: '20801',
        },
      ],
    });
  });

  test('one that cannot be read keeps none of the others from being taken', async () => {
    const results = [null, 7, {}, report('DELIVERED_TO_HANDSET'), { messageId: ['a'] }];
    expect(await take(JSON.stringify({ results }))).toMatchObject({ receipts: [{ status: 'delivered' }] });
  });

  test('whatever comes is answered', async () => {
    const { provider } = await open();
    const url = `${callbackUrl('receipts')}?token=${TOKEN}`;
    const members = fc.dictionary(
      fc.constantFrom('messageId', 'status', 'error', 'price', 'doneAt', 'to'),
      fc.jsonValue(),
    );
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(members).map((results) => JSON.stringify({ results })),
    );
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        for (const kind of ['receipts', 'inbound'] as const) {
          const taken = await provider.callbacks?.[kind]?.(callback(kind, { url, body: text }));
          expect(taken?.kind).toMatch(/^(taken|unreadable)$/);
          const unsigned = await provider.callbacks?.[kind]?.(callback(kind, { body: text }));
          expect(unsigned?.kind).toBe('unauthenticated');
        }
      }),
    );
  });
});

describe('authentication', () => {
  const body = JSON.stringify({ results: [report('DELIVERED_TO_HANDSET')] });
  const SECRET = 'a-secret-of-the-account';
  const sign = (text: string, secret = SECRET) => createHmac('sha256', secret).update(text).digest('hex');
  const url = callbackUrl('receipts');

  const exchange = {
    callback_token: undefined,
    callback_hmac: { secrets: ['the-next-secret-then', SECRET], scheme: 'exchange' },
  };
  const exchanged = (text: string, timestamp = String(NOW)) => ({
    'x-ib-exchange-req-timestamp': timestamp,
    'x-ib-exchange-req-signature': sign(timestamp + text),
  });

  test('exchange: signed over timestamp and body', async () => {
    expect(await take(body, exchange, { url, headers: exchanged(body) })).toMatchObject({ kind: 'taken' });
  });

  test.each<[string, Record<string, string>]>([
    ['none', {}],
    ['one of another body', exchanged(`${body} `)],
    ['another timestamp', { ...exchanged(body), 'x-ib-exchange-req-timestamp': String(NOW + 1) }],
    ['an old timestamp', exchanged(body, String(NOW - 700_000))],
    ['no timestamp', { 'x-ib-exchange-req-signature': sign(body) }],
    ['one under the header of the other scheme', { 'x-signature': sign(body) }],
  ])('exchange: a signature that is %s is refused', async (_, headers) => {
    expect(await take(body, exchange, { url, headers })).toMatchObject({ kind: 'unauthenticated' });
  });

  const overBody = { callback_token: undefined, callback_hmac: { secrets: [SECRET], header: 'X-Signature' } };

  test('body: signed over the body, under the header of the account', async () => {
    expect(await take(body, overBody, { url, headers: { 'x-signature': sign(body) } })).toMatchObject({
      kind: 'taken',
    });
    const headers = { 'x-signature': sign(`${body} `) };
    expect(await take(body, overBody, { url, headers })).toMatchObject({ kind: 'unauthenticated' });
    expect(await take(body, overBody, { url, headers: exchanged(body) })).toMatchObject({ kind: 'unauthenticated' });
  });

  test('user and password', async () => {
    const basic = {
      callback_token: undefined,
      callback_basic: { user: 'infobip', password: 'a-long-enough-password' },
    };
    const authorization = `Basic ${Buffer.from('infobip:a-long-enough-password').toString('base64')}`;
    expect(await take(body, basic, { url, headers: { authorization } })).toMatchObject({ kind: 'taken' });
    expect(await take(body, basic, { url, headers: { authorization: 'Basic x' } })).toMatchObject({
      kind: 'unauthenticated',
    });
    expect(await take(body, basic, { url })).toMatchObject({ kind: 'unauthenticated' });
  });

  test('all that is configured is demanded', async () => {
    const both = { ...overBody, callback_token: TOKEN };
    const headers = { 'x-signature': sign(body) };
    expect(await take(body, both, { url, headers })).toMatchObject({ kind: 'unauthenticated' });
    expect(await take(body, both, {})).toMatchObject({ kind: 'unauthenticated' });
    expect(await take(body, both, { headers })).toMatchObject({ kind: 'taken' });
  });
});

test('a message from a phone is taken as documented', async () => {
  const { provider } = await open();
  const result = {
    messageId: '817790313235066447',
    from: '385916242493',
    to: '385921004026',
    text: 'QUIZ Correct answer is Paris',
    cleanText: 'Correct answer is Paris',
    keyword: 'QUIZ',
    receivedAt: '2016-10-06T09:28:39.220+0000',
    smsCount: 1,
    price: { pricePerMessage: 0, currency: 'EUR' },
    callbackData: 'callbackData',
  };
  const body = JSON.stringify({ results: [result], messageCount: 1, pendingMessageCount: 0 });
  const url = `${callbackUrl('inbound')}?token=${TOKEN}`;
  expect(await provider.callbacks?.inbound?.(callback('inbound', { url, body }))).toEqual({
    kind: 'taken',
    inbound: [
      {
        providerId: '817790313235066447',
        channel: 'sms',
        from: '+385916242493',
        to: '+385921004026',
        text: 'QUIZ Correct answer is Paris',
        at: Date.parse('2016-10-06T09:28:39.220Z'),
      },
    ],
  });
});

test.each([
  [{ base_url: 'api.infobip.com' }, '/base_url'],
  [{ callback_hmac: { secrets: ['a-secret-of-the-account'] } }, '/callback_hmac/header must name the header'],
  [{ callback_basic: { user: 'a', password: 'short' } }, '/callback_basic/password'],
])('the configuration %o is refused', async (over, message) => {
  await expect(open(over)).rejects.toThrow(message);
});
