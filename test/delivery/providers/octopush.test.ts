import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { octopush } from '../../../src/delivery/providers/octopush.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeFaults } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, outbound } from './provider-rig.ts';

const TOKEN = 'a-token-of-24-characters';
const OLD_TOKEN = 'an-older-one-of-as-many-characters';
const signal = new AbortController().signal;

/** As octopush.com/en/sms-gateway-api-documentation/send-sms has it. */
function api({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  if (method !== 'POST' || path !== '/v1/public/sms-campaign/send') return { status: 404, body: {} };
  if (headers['api-login'] !== 'ops@example.com' || headers['api-key'] !== 'key-of-the-account') {
    return { status: 401, body: { code: 101, message: 'Incorrect login details.' } };
  }
  if (headers['content-type'] !== 'application/json') return { status: 400, body: { code: 100, message: '' } };
  const campaign = JSON.parse(body);
  if (!/^[a-zA-Z0-9]{3,11}$/.test(campaign.sender)) return { status: 400, body: { code: 106, message: '' } };
  if (typeof campaign.text !== 'string' || campaign.text === '')
    return { status: 400, body: { code: 107, message: '' } };
  if (campaign.recipients?.length !== 1) return { status: 400, body: { code: 103, message: '' } };
  if (!/^\+\d{8,15}$/.test(campaign.recipients[0].phone_number))
    return { status: 400, body: { code: 117, message: '' } };
  if (!['sms_premium', 'sms_low_cost'].includes(campaign.type))
    return { status: 400, body: { code: 112, message: '' } };
  if (!['alert', 'wholesale'].includes(campaign.purpose)) return { status: 400, body: { code: 0, message: '' } };
  return {
    status: 201,
    body: { sms_ticket: 'sms_5fec89fe97109', number_of_contacts: 1, total_cost: 0.065, number_of_sms_needed: 1 },
  };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(api);
  const provider = await makeProvider(octopush, {
    base_url: `${carrier.url}/v1/public`,
    api_login: 'ops@example.com',
    api_key: 'key-of-the-account',
    callback_token: [TOKEN, OLD_TOKEN],
    currency: 'EUR',
    ...over,
  });
  return { carrier, provider };
}

describe('sending', () => {
  test('a message is sent as documented, with our reference', async () => {
    const { carrier, provider } = await open();
    expect(await provider.send(outbound(), signal)).toEqual({
      kind: 'accepted',
      providerId: 'sms_5fec89fe97109',
      price: { amount: '0.065', currency: 'EUR' },
    });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toEqual({
      recipients: [{ phone_number: '+33612345678' }],
      sender: 'Example',
      text: 'Your Example code is 123456.',
      type: 'sms_premium',
      purpose: 'alert',
      with_replies: false,
      request_id: 'msg_0123456789abcdefghjkmnpqrs-1',
      auto_optimize_text: false,
    });
  });

  test('marketing is declared as such, and Unicode arrives whole', async () => {
    const { carrier, provider } = await open({ type: 'sms_low_cost', with_replies: true });
    await provider.send(outbound({ purpose: 'marketing', text: 'Код 🔑 {"a"}' }), signal);
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toMatchObject({
      purpose: 'wholesale',
      text: 'Код 🔑 {"a"}',
      type: 'sms_low_cost',
      with_replies: true,
    });
  });

  test('without a currency no price is made up', async () => {
    const { provider } = await open({ currency: undefined });
    expect(await provider.send(outbound(), signal)).not.toHaveProperty('price');
  });

  test.each([
    [101, 'failed', 'authentication_failed'],
    [104, 'failed', 'insufficient_credit'],
    [106, 'failed', 'sender_refused'],
    [107, 'rejected', 'invalid_message'],
    [117, 'rejected', 'invalid_recipient'],
    [121, 'failed', 'filtered'],
    [120, 'outcome_unknown', 'unknown'],
    [999, 'rejected', 'unknown'],
  ])('error %i', async (code, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status: 400, body: { code, message: 'about +33612345678' } });
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode: String(code) });
  });

  test('a ticket in an error is no acceptance, and a code beside a 5xx no proof that nothing was sent', async () => {
    const { carrier, provider } = await open();
    carrier.next({ status: 400, body: { sms_ticket: 'sms_1', code: 104 } });
    expect(await provider.send(outbound(), signal)).toMatchObject({ kind: 'failed' });
    carrier.next({ status: 500, body: { code: 104 } });
    expect(await provider.send(outbound(), signal)).toMatchObject({ kind: 'outcome_unknown', carrierCode: '104' });
  });

  describeFaults(open);
});

const receiptUrl = `${callbackUrl('receipts')}?token=${TOKEN}`;

/** As octopush-api.readme.io/reference/get_callbacks-statuses has it. */
const receipt = {
  channel: 'sms',
  message_id: 'sms_5fec89fe97109',
  list_name: 'List Name',
  number: '+33612345678',
  status: 'DELIVERED',
  unit_price: 0.065,
  delivery_date: '2025-01-22 11:46:06',
  meta_data: {},
};

describe('receipts', () => {
  test.each([
    ['ACK', 'sent', undefined],
    ['PROCESSED', 'buffered', undefined],
    ['DELIVERED', 'delivered', undefined],
    ['READ', 'read', undefined],
    ['NOT_DELIVERED', 'undelivered', 'unknown'],
    ['NOT_ALLOWED', 'rejected', 'destination_refused'],
    ['BAD_DESTINATION', 'undelivered', 'invalid_recipient'],
    ['BLACKLISTED_NUMBER', 'rejected', 'opted_out'],
    ['UNKNOWN_DELIVERY', 'unknown', undefined],
    ['UNDEFINED', 'unknown', undefined],
    ['SOMETHING_NEW', 'unknown', undefined],
    ['constructor', 'unknown', undefined],
  ])('%s', async (carrierCode, status, reason) => {
    const { provider } = await open();
    const body = JSON.stringify({ ...receipt, status: carrierCode });
    expect(await provider.callbacks?.receipts?.(callback('receipts', { url: receiptUrl, body }))).toEqual({
      kind: 'taken',
      receipts: [
        {
          providerId: 'sms_5fec89fe97109',
          status,
          ...(reason && { reason, carrierCode }),
          price: { amount: '0.065', currency: 'EUR' },
        },
      ],
    });
  });

  test.each([
    ['none', callbackUrl('receipts')],
    ['a wrong one', `${callbackUrl('receipts')}?token=${TOKEN}x`],
    ['an empty one', `${callbackUrl('receipts')}?token=`],
    ['two', `${receiptUrl}&token=${TOKEN}`],
  ])('with %s as token is refused', async (_, url) => {
    const { provider } = await open();
    const result = await provider.callbacks?.receipts?.(callback('receipts', { url, body: JSON.stringify(receipt) }));
    expect(result).toMatchObject({ kind: 'unauthenticated' });
  });

  test('the token that is being replaced still counts', async () => {
    const { provider } = await open();
    const url = `${callbackUrl('receipts')}?token=${OLD_TOKEN}`;
    const result = await provider.callbacks?.receipts?.(callback('receipts', { url, body: JSON.stringify(receipt) }));
    expect(result).toMatchObject({ kind: 'taken' });
  });

  test('without a token in the configuration nobody can call back', async () => {
    const { provider } = await open({ callback_token: undefined });
    expect(provider.callbacks).toBeUndefined();
  });

  test('whatever comes is answered, and nothing unsigned is taken', async () => {
    const { provider } = await open();
    const body = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({ message_id: fc.anything(), status: fc.anything(), number: fc.anything(), text: fc.anything() })
        .map((members) =>
          Buffer.from(JSON.stringify(members, (_, value) => (typeof value === 'bigint' ? 1 : value)) ?? ''),
        ),
    );
    await fc.assert(
      fc.asyncProperty(body, fc.boolean(), async (bytes, signed) => {
        const url = signed ? receiptUrl : callbackUrl('receipts');
        const result = await provider.callbacks?.receipts?.(callback('receipts', { url, body: bytes }));
        expect(result?.kind).toMatch(signed ? /^(taken|unreadable)$/ : /^unauthenticated$/);
      }),
    );
  });
});

describe('inbound', () => {
  const url = `${callbackUrl('inbound')}?token=${TOKEN}`;
  const take = async (members: object) => {
    const { provider } = await open();
    return provider.callbacks?.inbound?.(callback('inbound', { url, body: JSON.stringify(members) }));
  };
  const reply = {
    message_id: 'sms_5fa275dbf21dc',
    number: '33600000000',
    text: 'some reply',
    sim_card_number: '12345',
    reception_date: '2020-11-04 11:11:45',
  };

  test('a reply is taken, and is the same one when told twice', async () => {
    const first = await take(reply);
    expect(first).toEqual({
      kind: 'taken',
      inbound: [
        {
          providerId: expect.stringMatching(/^.{43}$/),
          channel: 'sms',
          from: '+33600000000',
          to: '12345',
          text: 'some reply',
        },
      ],
    });
    expect(await take(reply)).toEqual(first);
    expect(await take({ ...reply, reception_date: '2020-11-04 11:11:46' })).not.toEqual(first);
  });

  test('an opt-out is taken as what was written', async () => {
    const { sim_card_number: _, reception_date, ...rest } = { ...reply, text: 'stop' };
    expect(await take({ ...rest, stop_date: reception_date })).toMatchObject({
      kind: 'taken',
      inbound: [{ from: '+33600000000', text: 'stop' }],
    });
  });

  test('what is neither is unreadable', async () => {
    expect(await take({ number: 1 })).toMatchObject({ kind: 'unreadable' });
  });
});

describe('configuration', () => {
  test.each([
    [{ base_url: 'http://api.octopush.com' }, '/base_url must begin with https://'],
    [{ callback_token: 'short' }, '/callback_token'],
    [{ api_key: 'with a\nnewline' }, '/api_key'],
    [{ sender: 'Example' }, '/sender is not known'],
  ])('%o is refused', async (over, message) => {
    await expect(open(over)).rejects.toThrow(message);
  });
});
