import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bird } from '../../../src/delivery/providers/bird.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults, nearJson } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, NOW, outbound } from './provider-rig.ts';

const WORKSPACE = 'a1405560-c8d3-4b1a-877d-3f449ad95352';
const CHANNEL = 'b2516671-d9e4-4c2b-988e-40550be06463';
const MESSAGE = 'c3627782-eaf5-4d3c-899f-51661cf17574';
const KEY = 'AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGhIj';
const SIGNING_KEY = 'signing-key-of-now';
const OLD_SIGNING_KEY = 'signing-key-of-before';
const REFERENCE = outbound().reference;
const signal = new AbortController().signal;

const config = {
  workspace_id: WORKSPACE,
  channel_id: CHANNEL,
  access_key: KEY,
  signing_keys: [SIGNING_KEY, OLD_SIGNING_KEY],
};

/** `POST /workspaces/{workspaceId}/channels/{channelId}/messages` as documented: a closed object. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (status: number, code: string) => ({ status, body: { code, message: 'no' } });
  if (method !== 'POST' || path !== `/workspaces/${WORKSPACE}/channels/${CHANNEL}/messages`) {
    return refuse(404, 'NotFound');
  }
  if (headers.authorization !== `AccessKey ${KEY}`) return refuse(401, 'Unauthorized');
  if (headers['content-type'] !== 'application/json') return refuse(400, 'BadRequest');
  const request = JSON.parse(body);
  const known = ['sender', 'receiver', 'reference', 'template', 'meta', 'replyTo', 'body', 'notification'];
  if (Object.keys(request).some((member) => !known.includes(member))) return refuse(422, 'InvalidPayload');
  const [contact, ...others] = request.receiver.contacts;
  if (others.length > 0 || !/^\+\d{7,15}$/.test(contact.identifierValue)) return refuse(422, 'InvalidPayload');
  if (contact.identifierKey !== 'phonenumber') return refuse(422, 'InvalidPayload');
  if (request.body.type !== 'text' || !request.body.text.text) return refuse(422, 'InvalidPayload');
  return { status: 202, body: { id: MESSAGE, channelId: CHANNEL, status: 'accepted', reference: request.reference } };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(bird, { base_url: carrier.url, ...config, ...over }) };
}

function signed(url: string, body: string | Buffer, { key = SIGNING_KEY, at = NOW } = {}) {
  const timestamp = String(at / 1_000);
  const hash = createHash('sha256').update(body).digest();
  const text = Buffer.concat([Buffer.from(`${timestamp}\n${url}\n`), hash]);
  return {
    'messagebird-request-timestamp': timestamp,
    'messagebird-signature': createHmac('sha256', key).update(text).digest('base64'),
  };
}

function webhook(event: string, payload: object) {
  const body = JSON.stringify({ service: 'channels', event, payload: { id: MESSAGE, channelId: CHANNEL, ...payload } });
  return callback('receipts', { body, headers: signed(callbackUrl('receipts'), body) });
}

const outgoing = (over: object) =>
  webhook('sms.outbound', {
    direction: 'outgoing',
    reference: REFERENCE,
    lastStatusAt: '2026-11-22T12:00:03.5Z',
    receiver: { contacts: [{ identifierKey: 'phonenumber', identifierValue: '+33612345678' }] },
    ...over,
  });

describe('sending', () => {
  test('a message goes to one contact, with our reference', async () => {
    const { carrier, provider } = await open();
    const text = '您的验证码是 123456';
    expect(await provider.send(outbound({ text }), signal)).toEqual({ kind: 'accepted', providerId: MESSAGE });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toEqual({
      receiver: { contacts: [{ identifierKey: 'phonenumber', identifierValue: '+33612345678' }] },
      reference: REFERENCE,
      body: { type: 'text', text: { text } },
    });
  });

  test('a message that is refused in a success is refused', async () => {
    const { carrier, provider } = await open();
    carrier.next({ status: 202, body: { id: MESSAGE, status: 'rejected', failure: { code: 12003 } } });
    const verdict = { kind: 'rejected', reason: 'destination_refused', carrierCode: '12003' };
    expect(await provider.send(outbound(), signal)).toEqual(verdict);
  });

  test.each([
    [422, 'InvalidPayload', 'rejected', 'unknown'],
    [402, 'InsufficientBalance', 'failed', 'insufficient_credit'],
    [403, 'Forbidden', 'failed', 'authentication_failed'],
    [500, 'InternalError', 'outcome_unknown', 'unreadable_answer'],
  ])('%i %s: %s for %s', async (status, code, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { code, message: '+33612345678' } });
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode: code });
  });

  test('without a signing key nothing is taken', async () => {
    expect((await open({ signing_keys: undefined })).provider.callbacks).toBeUndefined();
  });

  describeFaults(open);
});

describe('receipts', () => {
  const take = async (request: ReturnType<typeof callback>) => (await open()).provider.callbacks?.receipts?.(request);
  const failure = (code: number, details?: string) => ({ failure: { code, source: { code: '1' } }, details });

  test.each([
    ['accepted', {}, { status: 'buffered' }],
    ['processing', {}, { status: 'buffered' }],
    ['scheduled', {}, { status: 'buffered' }],
    ['sent', {}, { status: 'sent' }],
    ['delivered', {}, { status: 'delivered' }],
    [
      'delivery_failed',
      failure(15005, 'unknown_subscriber'),
      { status: 'undelivered', reason: 'invalid_recipient', carrierCode: 'unknown_subscriber' },
    ],
    [
      'delivery_failed',
      failure(15001, 'received network error'),
      { status: 'undelivered', reason: 'network_error', carrierCode: 'received_network_error' },
    ],
    ['delivery_failed', failure(15005), { status: 'undelivered', reason: 'invalid_recipient', carrierCode: '15005' }],
    ['delivery_failed', failure(15999), { status: 'undelivered', reason: 'unknown', carrierCode: '15999' }],
    ['delivery_failed', failure(15009, 'expired'), { status: 'expired', reason: 'expired', carrierCode: 'expired' }],
    ['delivery_failed', failure(15009, 'DLR not received'), { status: 'unknown' }],
    ['sending_failed', failure(12001), { status: 'rejected', reason: 'unavailable', carrierCode: '12001' }],
    ['rejected', failure(11001), { status: 'rejected', reason: 'misconfigured', carrierCode: '11001' }],
    ['skipped', {}, { status: 'rejected', reason: 'unknown' }],
    ['deleted', {}, { status: 'unknown' }],
    ['a-new-word', {}, { status: 'unknown' }],
  ])('%s %j', async (status, over, expected) => {
    const at = Date.parse('2026-11-22T12:00:03.5Z');
    expect(await take(outgoing({ status, reason: 'details: +33612345678', ...over }))).toEqual({
      kind: 'taken',
      receipts: [{ providerId: MESSAGE, reference: REFERENCE, at, ...expected }],
    });
  });

  test('of another channel, and of events nobody asked for: passed over', async () => {
    const other = outgoing({ status: 'delivered', channelId: WORKSPACE });
    for (const request of [other, webhook('sms.interaction', { type: 'clicked' })]) {
      expect(await take(request)).toEqual({ kind: 'taken' });
    }
  });

  const delivered = outgoing({ status: 'delivered' });
  const { body } = delivered;
  const url = callbackUrl('receipts');
  test.each([
    ['no signature', { ...delivered, headers: {} }],
    ['another key', { ...delivered, headers: signed(url, body, { key: 'another-key' }) }],
    ['another body', { ...delivered, body: Buffer.from(body.toString().replace('delivered', 'sent')) }],
    ['another URL', { ...delivered, headers: signed(callbackUrl('inbound'), body) }],
    ['another time', { ...delivered, headers: { ...delivered.headers, 'messagebird-request-timestamp': '1' } }],
    ['signed 25 hours ago', { ...delivered, headers: signed(url, body, { at: NOW - 25 * 3_600_000 }) }],
    ['signed in 25 hours', { ...delivered, headers: signed(url, body, { at: NOW + 25 * 3_600_000 }) }],
  ])('refused: %s', async (_, request) => {
    expect(await take(request)).toMatchObject({ kind: 'unauthenticated' });
  });

  test('the signing key of before is still good, and so is what Bird repeats hours later', async () => {
    const headers = signed(url, body, { key: OLD_SIGNING_KEY, at: NOW - 4 * 3_600_000 });
    expect(await take({ ...delivered, headers })).toMatchObject({ kind: 'taken' });
  });
});

test('a message from a phone is taken', async () => {
  const { provider } = await open();
  const payload = {
    direction: 'incoming',
    status: 'delivered',
    sender: { contact: { id: WORKSPACE, identifierKey: 'phonenumber', identifierValue: '+33612345678' } },
    receiver: { connectors: [{ id: CHANNEL, identifierValue: '+447700900000' }] },
    body: { type: 'text', text: { text: 'STOP' } },
    createdAt: '2026-11-22T11:59:59Z',
  };
  const at = Date.parse('2026-11-22T11:59:59Z');
  expect(await provider.callbacks?.receipts?.(webhook('sms.inbound', payload))).toEqual({
    kind: 'taken',
    inbound: [{ providerId: MESSAGE, channel: 'sms', from: '+33612345678', to: '+447700900000', text: 'STOP', at }],
  });
  const picture = { ...payload, body: { type: 'image', image: {} } };
  expect(await provider.callbacks?.receipts?.(webhook('sms.inbound', picture))).toEqual({ kind: 'taken', inbound: [] });
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts', 'inbound'],
  sign: (kind, body) => callback(kind, { body, headers: signed(callbackUrl(kind), body) }),
  near: nearJson({
    event: ['sms.outbound', 'sms.inbound'],
    payload: [
      { id: 'a', channelId: CHANNEL, status: 'delivery_failed', failure: 1, details: ['x'] },
      { id: 'a', channelId: CHANNEL, status: '__proto__', lastStatusAt: {}, details: 'constructor' },
      { id: 1, channelId: CHANNEL, sender: { contact: [] }, receiver: { connectors: {} }, body: null },
    ],
  }).map((value) => JSON.stringify(value)),
});

describe('the configuration says what to mend', () => {
  test.each([
    [{ workspace_id: 'ws_1' }, '/workspace_id must match pattern'],
    [{ access_key: '' }, '/access_key must match pattern'],
    [{ signing_keys: [] }, '/signing_keys must NOT have fewer than 1 items'],
    [{ base_url: 'http://api.bird.com' }, '/base_url must begin with https://'],
  ])('%j', async (over, message) => {
    await expect(makeProvider(bird, { ...config, ...over })).rejects.toThrow(message);
  });
});
