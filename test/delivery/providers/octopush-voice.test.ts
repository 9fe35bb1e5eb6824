import { describe, expect, test } from 'vitest';
import type { SpokenScript } from '../../../src/delivery/provider.ts';
import { octopushVoice } from '../../../src/delivery/providers/octopush-voice.ts';
import { call, script, ungated } from '../voice/calls.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults, nearJson } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider } from './provider-rig.ts';

const TOKEN = 'a-token-of-24-characters';
const TICKET = 'vocal_5f6c49f92a476';
const signal = new AbortController().signal;
const config = {
  api_login: 'login@example.org',
  api_key: 'key-of-the-account',
  callback_token: TOKEN,
  currency: 'EUR',
};
const receiptUrl = `${callbackUrl('receipts')}?token=${TOKEN}`;

/** `POST /v1/public/voice-campaign/send` as documented. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (code: number) => ({ status: 400, body: { code, message: 'no' } });
  if (method !== 'POST' || path !== '/voice-campaign/send') return { status: 404, body: {} };
  if (headers['api-login'] !== 'login@example.org' || headers['api-key'] !== 'key-of-the-account') return refuse(101);
  if (headers['content-type'] !== 'application/json') return refuse(100);
  const { recipients, text, sender, purpose, voice_gender, voice_language, request_id } = JSON.parse(body);
  if (recipients.length !== 1 || !/^\+\d{7,15}$/.test(recipients[0].phone_number)) return refuse(103);
  if (!text || text.length > 1_224) return refuse(102);
  if (typeof sender !== 'string' || !['alert', 'wholesale'].includes(purpose)) return refuse(106);
  if (!['male', 'female'].includes(voice_gender) || !/^([a-z]{2}-[A-Z]{2}|arb)$/.test(voice_language))
    return refuse(100);
  if (typeof request_id !== 'string') return refuse(100);
  return { status: 200, body: { vocal_ticket: TICKET, number_of_contacts: 1, total_cost: 0.1 } };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(octopushVoice, { base_url: carrier.url, ...config, ...over }) };
}

const message = call({ script: ungated });

describe('calling', () => {
  test('the script is one text, the code digit by digit, and our reference guards against doubles', async () => {
    const { carrier, provider } = await open();
    const price = { amount: '0.1', currency: 'EUR' };
    expect(await provider.send(message, signal)).toEqual({ kind: 'accepted', providerId: TICKET, price });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toEqual({
      recipients: [{ phone_number: '+33612345678' }],
      sender: '+15005550006',
      text: 'Hello. Example & Co. Amount: 12.00 EUR. To confirm, enter 4, 9, 3, 0, 2, 7. Once more 4, 9, 3, 0, 2, 7. Goodbye.',
      purpose: 'alert',
      voice_gender: 'female',
      voice_language: 'en-US',
      request_id: message.reference,
    });
  });

  test('a script behind a key is not said to whoever answers', async () => {
    const { carrier, provider } = await open();
    const verdict = { kind: 'failed', reason: 'unsupported', carrierCode: 'no_key_press' };
    expect(await provider.send(call(), signal)).toEqual(verdict);
    expect(carrier.requests).toEqual([]);
  });

  test('unless the operator says so: then nobody is told to press what nothing waits for', async () => {
    const { carrier, provider } = await open({ speak_to_anyone: true });
    expect(await provider.send(call({ script }), signal)).toMatchObject({ kind: 'accepted' });
    const { text } = JSON.parse(carrier.requests[0]?.body ?? '');
    expect(text).toContain('4, 9, 3, 0, 2, 7');
    expect(text).not.toMatch(/press/i);
  });

  test.each<[string, Partial<SpokenScript>]>([
    ['no_voice', { locale: 'uk' }],
    ['script_too_long', { body: [{ say: 'x'.repeat(1_300) }] }],
    ['no_recordings', { body: [{ recording: 'rec_1' }] }],
    ['no_key_press', { optOut: { key: '9', prompt: 'Press 9 for no more calls.' } }],
  ])('%s: not called', async (carrierCode, over) => {
    const { carrier, provider } = await open();
    const verdict = { kind: 'failed', reason: 'unsupported', carrierCode };
    expect(await provider.send(call({ script: { ...ungated, ...over } }), signal)).toEqual(verdict);
    expect(carrier.requests).toEqual([]);
  });

  test('a male voice where the policy has one; marketing is said to be that', async () => {
    const { carrier, provider } = await open();
    await provider.send(call({ script: { ...ungated, voice: 'male' }, purpose: 'marketing' }), signal);
    const sent = JSON.parse(carrier.requests[0]?.body ?? '');
    expect([sent.voice_gender, sent.purpose]).toEqual(['male', 'wholesale']);
  });

  test('the ticket of the other documented name is one, too', async () => {
    const { carrier, provider } = await open();
    carrier.next({ status: 200, body: { sms_ticket: 'sms_5fa275dbf21dc' } });
    expect(await provider.send(message, signal)).toEqual({ kind: 'accepted', providerId: 'sms_5fa275dbf21dc' });
  });

  test.each([
    [103, 'rejected', 'invalid_recipient'],
    [104, 'failed', 'insufficient_credit'],
    [106, 'failed', 'sender_refused'],
    [120, 'outcome_unknown', 'unknown'],
    [999, 'rejected', 'unknown'],
  ])('error %i: %s for %s', async (code, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status: 400, body: { code, message: 'no' } });
    expect(await provider.send(message, signal)).toEqual({ kind, reason, carrierCode: String(code) });
  });

  describeFaults(open, message);
});

describe('receipts', () => {
  const take = async (body: object, url = receiptUrl) =>
    (await open()).provider.callbacks?.receipts?.(callback('receipts', { url, body: JSON.stringify(body) }));
  const report = (status: string) => ({
    message_id: TICKET,
    number: '+33612345678',
    status,
    delivery_date: '2026-11-22 12:00:30',
    call_duration: '12',
    charged_duration: '30',
  });

  test.each([
    ['DELIVERED', { status: 'delivered' }],
    ['ACK', { status: 'sent' }],
    ['NOT_DELIVERED', { status: 'undelivered', reason: 'no_answer', carrierCode: 'NOT_DELIVERED' }],
    ['NOT_DELIVERABLE', { status: 'undelivered', reason: 'unreachable_recipient', carrierCode: 'NOT_DELIVERABLE' }],
    ['BUSY', { status: 'undelivered', reason: 'busy', carrierCode: 'BUSY' }],
    ['REFUSED', { status: 'undelivered', reason: 'declined', carrierCode: 'REFUSED' }],
    ['BLACKLISTED_NUMBER', { status: 'undelivered', reason: 'opted_out', carrierCode: 'BLACKLISTED_NUMBER' }],
    ['constructor', { status: 'unknown' }],
  ])('%s', async (status, expected) => {
    expect(await take(report(status))).toEqual({ kind: 'taken', receipts: [{ providerId: TICKET, ...expected }] });
  });

  test.each([callbackUrl('receipts'), `${receiptUrl}x`])('refused: %s', async (url) => {
    expect(await take(report('DELIVERED'), url)).toMatchObject({ kind: 'unauthenticated' });
  });

  test('without a token none is taken', async () => {
    expect((await open({ callback_token: undefined })).provider.callbacks).toBeUndefined();
  });
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts'],
  sign: (kind, body) => callback(kind, { url: receiptUrl, body }),
  near: nearJson({ message_id: [TICKET, 7], status: ['DELIVERED', '__proto__'] }).map((body) => JSON.stringify(body)),
});

test.each([
  [{ api_key: undefined }, '/api_key is missing'],
  [{ callback_token: 'short' }, '/callback_token'],
])('the configuration says what to mend: %j', async (over, message) => {
  await expect(makeProvider(octopushVoice, { ...config, ...over })).rejects.toThrow(message);
});
