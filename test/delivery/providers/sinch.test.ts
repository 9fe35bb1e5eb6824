import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sinch } from '../../../src/delivery/providers/sinch.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults, nearJson } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, NOW, outbound } from './provider-rig.ts';

const PLAN = 'a1b2c3d4e5f64718a1b2c3d4e5f64718';
const TOKEN = 'api-token-of-the-plan';
const SECRET = 'callback-secret-of-now';
const OLD_SECRET = 'callback-secret-of-before';
const BATCH = '01FC66621XXXXX119Z8PMV1QPU';
const REFERENCE = outbound().reference;
const signal = new AbortController().signal;

const config = { service_plan_id: PLAN, api_token: TOKEN, callback_secrets: [SECRET, OLD_SECRET] };

/** `POST /xms/v1/{service_plan_id}/batches` as documented. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (status: number, code: string) => ({ status, body: { code, text: 'no' } });
  if (method !== 'POST' || path !== `/xms/v1/${PLAN}/batches`) return { status: 404, body: '' };
  if (headers.authorization !== `Bearer ${TOKEN}`) return refuse(401, 'unauthorized');
  if (headers['content-type'] !== 'application/json') return refuse(400, 'syntax_invalid_json');
  const batch = JSON.parse(body);
  const numbers = Array.isArray(batch.to) && batch.to.every((to: unknown) => /^\+\d{7,15}$/.test(String(to)));
  if (!numbers || batch.type !== 'mt_text') return refuse(400, 'syntax_invalid_parameter_format');
  if (!batch.body || batch.body.length > 2_000) return refuse(400, 'syntax_constraint_violation');
  if (!batch.from) return refuse(400, 'missing_default_originator');
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(batch.expire_at)) {
    return refuse(400, 'syntax_invalid_parameter_format');
  }
  const inSeconds = (Date.parse(batch.expire_at) - NOW) / 1_000;
  if (inSeconds <= 0 || inSeconds > 259_200) return refuse(400, 'syntax_constraint_violation');
  if (!['none', 'per_recipient'].includes(batch.delivery_report)) return refuse(400, 'syntax_constraint_violation');
  return { status: 201, body: { ...batch, id: BATCH, canceled: false, created_at: '2026-11-22T12:00:00.000Z' } };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(sinch, { base_url: carrier.url, ...config, ...over }) };
}

function signed(body: string | Buffer, { secret = SECRET, at = NOW, nonce = '01FJA8B4A7BM43YGWSG9GBV067' } = {}) {
  const timestamp = String(at / 1_000);
  const text = Buffer.concat([Buffer.from(body), Buffer.from(`.${nonce}.${timestamp}`)]);
  return {
    'x-sinch-webhook-signature-timestamp': timestamp,
    'x-sinch-webhook-signature-nonce': nonce,
    'x-sinch-webhook-signature-algorithm': 'HmacSHA256',
    'x-sinch-webhook-signature': createHmac('sha256', secret).update(text).digest('base64'),
  };
}

function report(over: object) {
  const body = JSON.stringify({
    type: 'recipient_delivery_report_sms',
    batch_id: BATCH,
    client_reference: REFERENCE,
    recipient: '33612345678',
    at: '2026-11-22T12:00:05.000Z',
    operator_status_at: '2026-11-22T12:00:04.000Z',
    operator: '20801',
    ...over,
  });
  return callback('receipts', { body, headers: signed(body) });
}

describe('sending', () => {
  test('a message is a batch of one, with our reference and an end', async () => {
    const { carrier, provider } = await open();
    const text = 'Код: 123456 «Пример»';
    expect(await provider.send(outbound({ text }), signal)).toEqual({ kind: 'accepted', providerId: BATCH });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toEqual({
      type: 'mt_text',
      from: 'Example',
      from_ton: 5,
      from_npi: 0,
      to: ['+33612345678'],
      body: text,
      expire_at: '2026-11-22T12:10:00.000Z',
      client_reference: REFERENCE,
      delivery_report: 'per_recipient',
      callback_url: callbackUrl('receipts'),
    });
  });

  test('the type of a numeric sender is left to Sinch', async () => {
    const { carrier, provider } = await open();
    await provider.send(outbound({ from: '+447700900000' }), signal);
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).not.toHaveProperty('from_ton');
  });

  test('validity is kept within what Sinch takes', async () => {
    const { provider } = await open();
    for (const validitySeconds of [0, 1e9]) {
      expect(await provider.send(outbound({ validitySeconds }), signal)).toMatchObject({ kind: 'accepted' });
    }
  });

  test('without a way to authenticate it no receipt is asked for and none is taken', async () => {
    const { carrier, provider } = await open({ callback_secrets: undefined });
    expect(await provider.send(outbound(), signal)).toMatchObject({ kind: 'accepted' });
    const { delivery_report, callback_url } = JSON.parse(carrier.requests[0]?.body ?? '');
    expect([delivery_report, callback_url, provider.callbacks]).toEqual(['none', undefined, undefined]);
  });

  test.each([
    [400, 'syntax_invalid_parameter_format', 'rejected', 'unknown'],
    [400, 'missing_default_originator', 'failed', 'sender_refused'],
    [403, 'unknown_campaign', 'failed', 'misconfigured'],
    [401, 'unauthorized', 'failed', 'authentication_failed'],
    [403, 'forbidden', 'failed', 'authentication_failed'],
    [500, 'unknown_campaign', 'outcome_unknown', 'unreadable_answer'],
  ])('%i %s: %s for %s', async (status, code, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { code, text: 'to: +33612345678' } });
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode: code });
  });

  describeFaults(open);
});

describe('receipts', () => {
  const take = async (request: ReturnType<typeof callback>) => (await open()).provider.callbacks?.receipts?.(request);

  test.each([
    ['Queued', 400, { status: 'buffered' }],
    ['Dispatched', 401, { status: 'sent' }],
    ['Delivered', 0, { status: 'delivered' }],
    ['Failed', 300, { status: 'undelivered', reason: 'invalid_recipient', carrierCode: '300' }],
    ['Failed', 9999, { status: 'undelivered', reason: 'unknown', carrierCode: '9999' }],
    ['Expired', 406, { status: 'expired', reason: 'expired', carrierCode: '406' }],
    ['Rejected', 402, { status: 'rejected', reason: 'destination_refused', carrierCode: '402' }],
    ['Aborted', 406, { status: 'expired', reason: 'expired', carrierCode: '406' }],
    ['Aborted', 403, { status: 'rejected', reason: 'unavailable', carrierCode: '403' }],
    ['Cancelled', 407, { status: 'rejected', reason: 'unknown', carrierCode: '407' }],
    ['Deleted', 15, { status: 'undelivered', reason: 'filtered', carrierCode: '15' }],
    ['Unknown', 1, { status: 'unknown' }],
    ['Lost', 1, { status: 'unknown' }],
  ])('%s %i', async (status, code, expected) => {
    const at = Date.parse('2026-11-22T12:00:04Z');
    expect(await take(report({ status, code }))).toEqual({
      kind: 'taken',
      receipts: [{ providerId: BATCH, reference: REFERENCE, at, mccMnc: '20801', ...expected }],
    });
  });

  test('a report over the whole batch is about its one recipient', async () => {
    const statuses = [{ code: 402, status: 'Aborted', count: 1, recipients: ['33612345678'] }];
    const body = JSON.stringify({ type: 'delivery_report_sms', batch_id: BATCH, statuses, total_message_count: 1 });
    expect(await take(callback('receipts', { body, headers: signed(body) }))).toEqual({
      kind: 'taken',
      receipts: [{ providerId: BATCH, status: 'rejected', reason: 'destination_refused', carrierCode: '402' }],
    });
  });

  const delivered = report({ status: 'Delivered', code: 0 });
  const { body } = delivered;
  test.each([
    ['no signature', { ...delivered, headers: {} }],
    ['another secret', { ...delivered, headers: signed(body, { secret: 'another-callback-secret' }) }],
    ['another body', { ...delivered, body: Buffer.from(body.toString().replace('Delivered', 'Failed')) }],
    ['another nonce', { ...delivered, headers: { ...delivered.headers, 'x-sinch-webhook-signature-nonce': 'b' } }],
    ['another time', { ...delivered, headers: { ...delivered.headers, 'x-sinch-webhook-signature-timestamp': '1' } }],
    [
      'another algorithm',
      { ...delivered, headers: { ...delivered.headers, 'x-sinch-webhook-signature-algorithm': 'none' } },
    ],
    ['signed six minutes ago', { ...delivered, headers: signed(body, { at: NOW - 360_000 }) }],
    ['signed in six minutes', { ...delivered, headers: signed(body, { at: NOW + 360_000 }) }],
  ])('refused: %s', async (_, request) => {
    expect(await take(request)).toMatchObject({ kind: 'unauthenticated' });
  });

  test('the secret of before is still good, and four minutes on the way are no replay', async () => {
    const headers = signed(body, { secret: OLD_SECRET, at: NOW - 240_000 });
    expect(await take({ ...delivered, headers })).toMatchObject({ kind: 'taken' });
  });

  test('basic authentication, where Sinch was given credentials', async () => {
    const callback_credentials = [{ user: 'sinch', password: 'a-password-of-ours' }];
    const { provider } = await open({ callback_secrets: undefined, callback_credentials });
    const authorization = `Basic ${Buffer.from('sinch:a-password-of-ours').toString('base64')}`;
    const receipts = provider.callbacks?.receipts;
    expect(await receipts?.({ ...delivered, headers: { authorization } })).toMatchObject({ kind: 'taken' });
    for (const headers of [{}, { authorization: 'Basic c2luY2g6' }, delivered.headers]) {
      expect(await receipts?.({ ...delivered, headers })).toMatchObject({ kind: 'unauthenticated' });
    }
  });
});

describe('messages from phones', () => {
  const take = async (message: object) => {
    const body = JSON.stringify(message);
    return (await open()).provider.callbacks?.inbound?.(callback('inbound', { body, headers: signed(body) }));
  };
  const mo = {
    type: 'mo_text',
    id: '01FC66621XX',
    from: '33612345678',
    to: '447700900000',
    body: 'STOP',
    operator_id: '20801',
  };

  test('a text is taken', async () => {
    const at = Date.parse('2026-11-22T11:59:58Z');
    const expected = {
      providerId: '01FC66621XX',
      channel: 'sms',
      from: '+33612345678',
      to: '+447700900000',
      text: 'STOP',
      at,
    };
    const times = { sent_at: '2026-11-22T11:59:58.000Z', received_at: '2026-11-22T12:00:00.000Z' };
    expect(await take({ ...mo, ...times })).toEqual({ kind: 'taken', inbound: [expected] });
  });

  test('a short code stays one', async () => {
    expect(await take({ ...mo, to: '36111' })).toMatchObject({ inbound: [{ to: '36111' }] });
  });

  test('what has no text is passed over', async () => {
    expect(await take({ ...mo, type: 'mo_binary', body: 'AAE=', udh: '00' })).toEqual({ kind: 'taken' });
  });
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts', 'inbound'],
  sign: (kind, body) => callback(kind, { body, headers: signed(body) }),
  near: nearJson({
    type: ['recipient_delivery_report_sms', 'delivery_report_sms', 'mo_text', 'mo_binary'],
    batch_id: [BATCH, 1],
    status: ['Delivered', 'constructor'],
    statuses: [[{ status: 'Failed' }], [null], [[]]],
    code: [402, '402', {}],
    id: ['1'],
    from: ['33612345678'],
    to: ['36111'],
    body: ['STOP', 1],
  }).map((value) => JSON.stringify(value)),
});

describe('the configuration says what to mend', () => {
  test.each([
    [{ service_plan_id: '' }, '/service_plan_id must match pattern'],
    [{ callback_credentials: [{ user: 'a', password: 'b'.repeat(16) }] }, '/callback_credentials is one way of two'],
    [{ base_url: 'http://eu.sms.api.sinch.com' }, '/base_url must begin with https://'],
    [{ region: 'eu' }, '/region is not known'],
  ])('%j', async (over, message) => {
    await expect(makeProvider(sinch, { ...config, ...over })).rejects.toThrow(message);
  });
});
