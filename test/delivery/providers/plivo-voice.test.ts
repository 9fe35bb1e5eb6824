import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallbackKind, OutboundMessage, ProviderReceipt, SpokenScript } from '../../../src/delivery/provider.ts';
import { plivoVoice } from '../../../src/delivery/providers/plivo-voice.ts';
import { call, script } from '../voice/calls.ts';
import { describeCalls, type Ended } from './call-scenarios.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, NOW } from './provider-rig.ts';

const AUTH_ID = 'MAXXXXXXXXXXXXXXXXXX';
const TOKEN = 'a-token-of-forty-characters-of-this-year';
const OLD_TOKEN = 'a-token-of-forty-characters-of-last-year';
const REQUEST = '9834029e-58b6-11e1-b8b7-a5bd0e4e126f';
const CALL = 'db3ce55a-7f1d-11e1-8ea7-1231380bc196';
const NONCE = '05429567804466091622';
const signal = new AbortController().signal;

const config = { auth_id: AUTH_ID, auth_tokens: [TOKEN, OLD_TOKEN], currency: 'USD' };

/** `POST /v1/Account/{auth_id}/Call/` as documented. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (status: number, error: string) => ({ status, body: { api_id: 'a', error } });
  if (method !== 'POST' || path !== `/v1/Account/${AUTH_ID}/Call/`) return refuse(404, 'not found');
  const basic = Buffer.from(`${AUTH_ID}:${TOKEN}`).toString('base64');
  if (headers.authorization !== `Basic ${basic}`) return { status: 401, body: 'Unauthorized' };
  if (headers['content-type'] !== 'application/json') return refuse(400, 'invalid JSON');
  const { from, to, answer_url, hangup_url, time_limit, ring_timeout, machine_detection } = JSON.parse(body);
  if (!/^\d{7,15}$/.test(from) || !/^\d{7,15}$/.test(to)) return refuse(400, 'from and to must be numbers');
  for (const url of [answer_url, hangup_url]) if (!/^https?:\/\//.test(url)) return refuse(400, 'invalid URL');
  if (!Number.isInteger(time_limit) || !Number.isInteger(ring_timeout)) return refuse(400, 'not an integer');
  if (machine_detection !== undefined && !['true', 'hangup'].includes(machine_detection)) return refuse(400, 'machine');
  return { status: 201, body: { api_id: 'a', message: 'call fired', request_uuid: REQUEST } };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(plivoVoice, { base_url: carrier.url, ...config, ...over }) };
}

/** Version 3: over the URL, its query and the form, each in order. */
function v3(url: string, body: string, token = TOKEN) {
  const [base, query = ''] = url.split('?');
  const pairs = (text: string, between: string) =>
    [...new URLSearchParams(text)].map(([name, value]) => name + between + value).sort();
  const form = pairs(body, '').join('');
  const text = `${base}?${pairs(query, '=').join('&')}${query && form ? '.' : ''}${form}.${NONCE}`;
  const signature = createHmac('sha256', token).update(text).digest('base64');
  return { 'x-plivo-signature-v3': signature, 'x-plivo-signature-v3-nonce': NONCE };
}

function signed(kind: CallbackKind, url: string, form: Record<string, string>, now = NOW) {
  const body = new URLSearchParams(form).toString();
  return callback(kind, { url, body, headers: v3(url, body), now });
}

const BASE = {
  CallUUID: CALL,
  RequestUUID: REQUEST,
  ALegUUID: CALL,
  Direction: 'outbound',
  From: '15005550006',
  To: '33612345678',
};

/** Plivo after a call was fired: asks for XML as it was told to and does as the XML says. */
async function dial(over: Partial<OutboundMessage> = {}, configured: object = {}) {
  const { carrier, provider } = await open(configured);
  expect(await provider.send(call(over), signal)).toEqual({ kind: 'accepted', providerId: REQUEST });
  const request = JSON.parse(carrier.requests[0]?.body ?? '');
  let next: { input: string; otherwise: string } = { input: request.answer_url, otherwise: request.answer_url };
  return {
    provider,
    request,
    async fetch(members: Record<string, string>, now = NOW) {
      const url = 'Digits' in members ? next.input : next.otherwise;
      const form = { ...BASE, CallStatus: 'in-progress', Event: 'StartApp', ...members };
      const result = await provider.callbacks?.voice?.(signed('voice', url, form, now));
      if (result?.kind !== 'taken') throw new Error(`not taken: ${JSON.stringify(result)}`);
      const { body: document = '', contentType } = result.answer ?? {};
      expect(contentType).toBe('text/xml');
      const input = /<GetInput [^>]*action="([^"]*)"/.exec(document)?.[1]?.replaceAll('&amp;', '&');
      const otherwise = /<Redirect[^>]*>([^<]*)</.exec(document)?.[1]?.replaceAll('&amp;', '&');
      if (input !== undefined && otherwise !== undefined) next = { input, otherwise };
      const { receipts, inbound } = result;
      return { document, waits: input !== undefined, receipts, inbound };
    },
    async ended(members: Record<string, string>, now = NOW): Promise<readonly ProviderReceipt[]> {
      const form = { ...BASE, Event: 'Hangup', EndTime: '2026-11-22 12:00:30', TotalCost: '0.00500', ...members };
      const result = await provider.callbacks?.receipts?.(signed('receipts', request.hangup_url, form, now));
      return result?.kind === 'taken' ? (result.receipts ?? []) : [];
    },
  };
}

const HOW: Record<Ended, Record<string, string>> = {
  answered: { CallStatus: 'completed', HangupCauseCode: '4010', HangupCauseName: 'End Of XML Instructions' },
  machine: { CallStatus: 'completed', HangupCauseCode: '9100', HangupCauseName: 'Machine Detected' },
  busy: { CallStatus: 'busy', HangupCauseCode: '3010', HangupCauseName: 'Busy Line' },
  no_answer: { CallStatus: 'no-answer', HangupCauseCode: '6010', HangupCauseName: 'Ring Timeout Reached' },
  declined: { CallStatus: 'busy', HangupCauseCode: '3020', HangupCauseName: 'Rejected' },
};

describeCalls({
  providerId: expect.anything(),
  phone: '+33612345678',
  sender: '+15005550006',
  async dial(over, configured) {
    const phone = await dial(over, configured);
    return {
      answer: ({ machine = false, now } = {}) => phone.fetch(machine ? { Machine: 'true' } : {}, now),
      press: (key, now) => phone.fetch(key === null ? {} : { Digits: key, InputType: 'dtmf' }, now),
      ended: (how, now) => phone.ended(HOW[how], now),
    };
  },
});

describe('calling', () => {
  test('what is said is served, and nothing of it is in the request', async () => {
    const { request } = await dial({}, { ring_seconds: 25 });
    expect(request).toEqual({
      from: '15005550006',
      to: '33612345678',
      answer_url: expect.stringMatching(/^https:\/\/otp\.example\.com\/callbacks\/carrier\/voice\?call=[\w.-]+$/),
      answer_method: 'POST',
      hangup_url: expect.stringMatching(/^https:\/\/otp\.example\.com\/callbacks\/carrier\/receipts\?call=[\w.-]+$/),
      hangup_method: 'POST',
      ring_timeout: 25,
      time_limit: 300,
    });
    expect(JSON.stringify(request)).not.toContain('493027');
  });

  test('answering machines are looked for before anything is said', async () => {
    expect((await dial({}, { machine_detection: true })).request.machine_detection).toBe('hangup');
  });

  test.each<[string, Partial<SpokenScript>]>([
    ['no_voice', { locale: 'uk' }],
    ['script_too_long', { body: [{ say: 'x'.repeat(3_000) }] }],
  ])('%s: not called', async (carrierCode, over) => {
    const { carrier, provider } = await open();
    const verdict = { kind: 'failed', reason: 'unsupported', carrierCode };
    expect(await provider.send(call({ script: { ...script, ...over } }), signal)).toEqual(verdict);
    expect(carrier.requests).toEqual([]);
  });

  test.each([
    [400, 'rejected', 'unknown'],
    [401, 'failed', 'authentication_failed'],
    [402, 'failed', 'insufficient_credit'],
    [404, 'failed', 'misconfigured'],
    [429, 'failed', 'rate_limited'],
    [500, 'outcome_unknown', 'unreadable_answer'],
  ])('%i: %s for %s', async (status, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { api_id: 'a', error: '33612345678 is not valid' } });
    expect(await provider.send(call(), signal)).toEqual({ kind, reason, carrierCode: `http_${status}` });
  });

  describeFaults(open, call());
});

describe('XML', () => {
  test('asks for one key, and goes on without one', async () => {
    const { document } = await (await dial()).fetch({});
    expect(document).toMatch(
      /^<Response><GetInput inputType="dtmf" numDigits="1" finishOnKey="none" executionTimeout="6" redirect="true" method="POST" action="([^"<]+&amp;awaits=gate)"><Speak voice="Polly.Joanna">Hello\. Example &amp; Co\.<break time="200ms"\/>To hear your code, press 1\.<\/Speak><\/GetInput><Redirect method="POST">\1<\/Redirect><\/Response>$/,
    );
  });

  test('ends with a hang-up', async () => {
    const phone = await dial();
    await phone.fetch({});
    expect((await phone.fetch({ Digits: '1' })).document).toMatch(/Goodbye\.<\/Speak><Hangup\/><\/Response>$/);
  });
});

describe('how a call ended', () => {
  const facts = {
    providerId: [REQUEST, CALL],
    reference: call().reference,
    at: Date.parse('2026-11-22T12:00:30Z'),
    price: { amount: '0.00500', currency: 'USD' },
  };

  test.each<[string, string, string, string | undefined]>([
    ['failed', '2000', 'undelivered', 'invalid_recipient'],
    ['failed', '2010', 'undelivered', 'unreachable_recipient'],
    ['failed', '2030', 'undelivered', 'destination_refused'],
    ['failed', '3040', 'undelivered', 'destination_refused'],
    ['failed', '3130', 'undelivered', 'filtered'],
    ['failed', '3999', 'undelivered', 'unreachable_recipient'],
    ['timeout', '0', 'undelivered', 'no_answer'],
    ['busy', '3100', 'undelivered', 'busy'],
    ['no-answer', '3000', 'undelivered', 'no_answer'],
    ['cancel', '1000', 'rejected', 'unknown'],
  ])('%s, %s: %s for %s', async (CallStatus, HangupCauseCode, status, reason) => {
    const phone = await dial();
    const expected = { ...facts, status, reason, carrierCode: HangupCauseCode };
    expect(await phone.ended({ CallStatus, HangupCauseCode })).toEqual([expected]);
  });

  test.each([
    ['ringing', 'sent'],
    ['constructor', 'unknown'],
  ])('%s is %s', async (CallStatus, status) => {
    expect(await (await dial()).ended({ CallStatus })).toEqual([{ ...facts, status }]);
  });
});

describe('who is not Plivo', () => {
  const form = { ...BASE, CallStatus: 'in-progress', Digits: '1' };

  test('is not told what is said', async () => {
    const { provider, request } = await dial();
    const url = `${request.answer_url}&awaits=gate`;
    const good = signed('voice', url, form);
    const body = good.body.toString();
    const v2 = createHmac('sha256', TOKEN)
      .update(url.split('?')[0] + NONCE)
      .digest('base64');
    const stolen = [
      { ...good, headers: {} },
      { ...good, headers: v3(url, body, 'x'.repeat(40)) },
      { ...good, headers: { 'x-plivo-signature-v2': v2, 'x-plivo-signature-v2-nonce': NONCE } },
      { ...good, headers: { ...good.headers, 'x-plivo-signature-v3-nonce': '1' } },
      { ...good, body: Buffer.from(body.replace('Digits=1', 'Digits=9')) },
    ];
    for (const one of stolen) expect(await provider.callbacks?.voice?.(one)).toMatchObject({ kind: 'unauthenticated' });
    expect(await provider.callbacks?.voice?.(good)).toMatchObject({ kind: 'taken' });
    const old = { ...good, headers: v3(url, body, OLD_TOKEN) };
    expect(await provider.callbacks?.voice?.(old)).toMatchObject({ kind: 'taken' });
  });
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts', 'voice'],
  sign(kind, body) {
    // Members of one name are in the order of their values.
    const form = new URLSearchParams(body.toString());
    const names = [...new Set(form.keys())].sort();
    const text = names
      .flatMap((name) =>
        form
          .getAll(name)
          .sort()
          .map((value) => name + value),
      )
      .join('');
    const whole = `${callbackUrl(kind)}${text ? '?' : ''}${text}.${NONCE}`;
    const signature = createHmac('sha256', TOKEN).update(whole).digest('base64');
    const headers = { 'x-plivo-signature-v3': signature, 'x-plivo-signature-v3-nonce': NONCE };
    return callback(kind, { body, headers });
  },
  near: fc
    .record(
      {
        CallUUID: fc.string(),
        RequestUUID: fc.string(),
        CallStatus: fc.constantFrom('completed', 'busy', '__proto__', 'toString'),
        HangupCauseCode: fc.oneof(fc.string(), fc.nat().map(String)),
        Machine: fc.constantFrom('true', 'false'),
        Digits: fc.string(),
      },
      { requiredKeys: [] },
    )
    .map((form) => new URLSearchParams(form).toString()),
});

test.each([
  [{ auth_tokens: undefined }, '/auth_tokens is missing'],
  [{ auth_id: 'x' }, '/auth_id must match pattern'],
  [{ ring_seconds: 1 }, '/ring_seconds must be >= 5'],
])('the configuration says what to mend: %j', async (over, message) => {
  await expect(makeProvider(plivoVoice, { ...config, ...over })).rejects.toThrow(message);
});
