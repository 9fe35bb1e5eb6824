import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { telegram } from '../../../src/delivery/providers/telegram.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeFaults } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, NOW, outbound } from './provider-rig.ts';

const TOKEN = 'AAEgAAAAtokenOfTheGatewayAccount';
const signal = new AbortController().signal;
const message = outbound({ channel: 'telegram', code: '123456' });

/** As core.telegram.org/gateway/api has sendVerificationMessage. */
function api({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (error: string) => ({ status: 200, body: { ok: false, error } });
  if (path !== '/sendVerificationMessage' || method !== 'POST') return refuse('UNKNOWN_METHOD');
  if (headers.authorization !== `Bearer ${TOKEN}`) return refuse('ACCESS_TOKEN_INVALID');
  if (headers['content-type'] !== 'application/json') return refuse('PHONE_NUMBER_INVALID');
  const request = JSON.parse(body);
  if (!/^\+[1-9]\d{6,14}$/.test(request.phone_number)) return refuse('PHONE_NUMBER_INVALID');
  if (!/^\d{4,8}$/.test(request.code)) return refuse('CODE_INVALID');
  if (!(request.ttl >= 30 && request.ttl <= 3600)) return refuse('TTL_INVALID');
  if (Buffer.byteLength(request.payload) > 128) return refuse('PAYLOAD_INVALID');
  if (!request.callback_url.startsWith('https://') || request.callback_url.length > 256) {
    return refuse('CALLBACK_URL_INVALID');
  }
  const { phone_number, payload } = request;
  return {
    status: 200,
    body: {
      ok: true,
      result: {
        request_id: '111112222233333',
        phone_number,
        request_cost: 0.01,
        remaining_balance: 9.99,
        delivery_status: { status: 'sent', updated_at: NOW / 1000 },
        payload,
      },
    },
  };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(api);
  const provider = await makeProvider(telegram, { base_url: carrier.url, access_token: TOKEN, ...over });
  return { carrier, provider };
}

describe('sending', () => {
  test('our code is sent as documented, with our reference and where to report', async () => {
    const { carrier, provider } = await open({ sender_username: 'example_channel' });
    expect(await provider.send(message, signal)).toEqual({ kind: 'accepted', providerId: '111112222233333' });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toEqual({
      phone_number: '+33612345678',
      code: '123456',
      sender_username: 'example_channel',
      callback_url: callbackUrl('receipts'),
      payload: message.reference,
      ttl: 600,
    });
  });

  test.each([
    [5, 30],
    [86_400, 3_600],
  ])('a validity of %i s is %i s, within what Telegram takes', async (validitySeconds, ttl) => {
    const { carrier, provider } = await open();
    await provider.send({ ...message, validitySeconds }, signal);
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toMatchObject({ ttl });
  });

  test.each([undefined, '123', '123456789', '12345a'])(
    'code %s is not for this channel: nothing is sent',
    async (code) => {
      const { carrier, provider } = await open();
      const { code: _, ...rest } = message;
      const verdict = await provider.send({ ...rest, ...(code && { code }) }, signal);
      expect(verdict).toMatchObject({ kind: 'failed', reason: 'unsupported' });
      expect(carrier.requests).toHaveLength(0);
    },
  );

  test.each([
    ['ACCESS_TOKEN_INVALID', 'failed', 'authentication_failed'],
    ['BALANCE_NOT_ENOUGH', 'failed', 'insufficient_credit'],
    ['PHONE_NUMBER_INVALID', 'rejected', 'invalid_recipient'],
    ['PHONE_NUMBER_NOT_FOUND', 'rejected', 'not_on_channel'],
    ['PHONE_NUMBER_NOT_AVAILABLE', 'rejected', 'not_on_channel'],
    ['SENDER_NOT_VERIFIED', 'failed', 'sender_refused'],
    ['CALLBACK_URL_INVALID', 'failed', 'misconfigured'],
    ['FLOOD_WAIT', 'failed', 'rate_limited'],
    ['MESSAGE_ALREADY_SENT', 'outcome_unknown', 'unknown'],
    ['SOMETHING_NEW', 'rejected', 'unknown'],
  ])('%s', async (error, kind, reason) => {
    const { carrier, provider } = await open();
    for (const status of [200, 400]) {
      carrier.next({ status, body: { ok: false, error } });
      expect(await provider.send(message, signal)).toEqual({ kind, reason, carrierCode: error });
    }
  });

  test('FLOOD_WAIT says how long', async () => {
    const { carrier, provider } = await open();
    carrier.next({ status: 200, body: { ok: false, error: 'FLOOD_WAIT_42' } });
    expect(await provider.send(message, signal)).toMatchObject({ reason: 'rate_limited', retryAfterMs: 42_000 });
  });

  test('an error beside a 5xx is no proof that nothing was sent', async () => {
    const { carrier, provider } = await open();
    carrier.next({ status: 500, body: { ok: false, error: 'BALANCE_NOT_ENOUGH' } });
    expect(await provider.send(message, signal)).toMatchObject({ kind: 'outcome_unknown' });
  });

  describeFaults(open, message);
});

function sign(body: string | Buffer, timestamp = String(NOW / 1000), token = TOKEN) {
  const key = createHash('sha256').update(token).digest();
  const signature = createHmac('sha256', key).update(`${timestamp}\n`).update(body).digest('hex');
  return { 'x-request-timestamp': timestamp, 'x-request-signature': signature };
}

const report = (status: string) => ({
  request_id: '111112222233333',
  phone_number: '+33612345678',
  request_cost: 0.01,
  delivery_status: { status, updated_at: NOW / 1000 - 5 },
  payload: message.reference,
});

async function take(body: string | Buffer, headers: Record<string, string>) {
  const { provider } = await open();
  return provider.callbacks?.receipts?.(callback('receipts', { body, headers }));
}

describe('reports', () => {
  test.each([
    ['sent', 'sent', undefined],
    ['delivered', 'delivered', undefined],
    ['read', 'read', undefined],
    ['expired', 'expired', 'expired'],
    ['revoked', 'undelivered', 'unknown'],
    ['something_new', 'unknown', undefined],
  ])('%s', async (carrierCode, status, reason) => {
    const body = JSON.stringify(report(carrierCode));
    expect(await take(body, sign(body))).toEqual({
      kind: 'taken',
      receipts: [
        {
          providerId: '111112222233333',
          reference: message.reference,
          status,
          ...(reason && { reason, carrierCode }),
          at: NOW - 5_000,
        },
      ],
      answer: { status: 200, contentType: 'text/plain', body: '' },
    });
  });

  test('a report of the verification alone is taken, and the code in it goes nowhere', async () => {
    const { delivery_status: _, ...rest } = report('sent');
    const verification_status = { status: 'code_valid', updated_at: NOW / 1000, code_entered: '123456' };
    const body = JSON.stringify({ ...rest, verification_status });
    const result = await take(body, sign(body));
    expect(result).toMatchObject({ kind: 'taken', answer: { status: 200 } });
    expect(JSON.stringify(result)).not.toContain('123456');
  });

  const body = JSON.stringify(report('delivered'));
  test.each([
    ['no signature', body, {}],
    ['the token of another account', body, sign(body, undefined, `${TOKEN}x`)],
    ['another body', `${body} `, sign(body)],
    ['another timestamp', body, { ...sign(body), 'x-request-timestamp': String(NOW / 1000 + 1) }],
    ['a timestamp of 11 minutes ago', body, sign(body, String(NOW / 1000 - 660))],
    ['a timestamp 11 minutes ahead', body, sign(body, String(NOW / 1000 + 660))],
    ['a timestamp that is none', body, sign(body, 'now')],
    ['no timestamp', body, { 'x-request-signature': sign(body, '')['x-request-signature'] }],
  ])('with %s is refused', async (_, bytes, headers) => {
    expect(await take(bytes, headers)).toMatchObject({ kind: 'unauthenticated' });
  });

  test('whatever comes signed is answered, and nothing else is believed', async () => {
    const { provider } = await open();
    const anyReport = fc.record({ request_id: fc.anything(), payload: fc.anything(), delivery_status: fc.anything() });
    const text = (value: unknown) => JSON.stringify(value, (_, held) => (typeof held === 'bigint' ? 1 : held)) ?? '';
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json(), anyReport.map(text)), fc.boolean(), async (bytes, signed) => {
        const headers: Record<string, string> = signed ? sign(bytes) : {};
        const result = await provider.callbacks?.receipts?.(callback('receipts', { body: bytes, headers }));
        expect(result?.kind).toMatch(signed ? /^(taken|unreadable)$/ : /^unauthenticated$/);
      }),
    );
  });
});

test.each([
  [{ base_url: 'ftp://gateway' }, '/base_url'],
  [{ access_token: 'short' }, '/access_token'],
  [{ sender_username: '@channel' }, '/sender_username'],
])('the configuration %o is refused', async (over, pointer) => {
  await expect(open(over)).rejects.toThrow(pointer);
});
