import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  CallbackKind,
  OutboundMessage,
  Provider,
  ProviderReceipt,
  SpokenScript,
} from '../../../src/delivery/provider.ts';
import { twilioVoice } from '../../../src/delivery/providers/twilio-voice.ts';
import { call, script } from '../voice/calls.ts';
import { describeCalls, type Ended } from './call-scenarios.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, NOW } from './provider-rig.ts';
import { signTwilio } from './twilio-signature.ts';

const ACCOUNT = `AC${'0a'.repeat(16)}`;
const KEY = `SK${'0c'.repeat(16)}`;
const TOKEN = 'f'.repeat(32);
const OLD_TOKEN = 'e'.repeat(32);
const CALL = `CA${'0d'.repeat(16)}`;
const REFERENCE = call().reference;
const PHONE = '+33612345678';
const SENDER = '+15005550006';
const signal = new AbortController().signal;

const config = { account_sid: ACCOUNT, auth_tokens: [TOKEN, OLD_TOKEN] };

/** The Call resource as documented: form, basic authentication, a telephone number for both, one source of TwiML. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (status: number, code: number) => ({ status, body: { code, message: 'no', status } });
  if (method !== 'POST' || path !== `/2010-04-01/Accounts/${ACCOUNT}/Calls.json`) return refuse(404, 20404);
  const [user, password] = Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64')
    .toString()
    .split(':');
  const known = (user === ACCOUNT && password === TOKEN) || (user === KEY && password === 'key-secret');
  if (!headers.authorization?.startsWith('Basic ') || !known) return refuse(401, 20003);
  if (headers['content-type'] !== 'application/x-www-form-urlencoded') return refuse(400, 21205);
  const form = new URLSearchParams(body);
  if (!/^\+[1-9]\d{6,14}$/.test(form.get('To') ?? '')) return refuse(400, 21211);
  if (!/^\+[1-9]\d{6,14}$/.test(form.get('From') ?? '')) return refuse(400, 21212);
  const sources = ['Url', 'Twiml', 'ApplicationSid'].filter((name) => form.has(name));
  if (sources.length !== 1) return refuse(400, 21205);
  for (const name of ['Url', 'StatusCallback']) {
    const url = form.get(name) ?? '';
    if (!url.startsWith('https://') || url.length > 4_000) return refuse(400, name === 'Url' ? 21205 : 21609);
  }
  const timeout = Number(form.get('Timeout'));
  if (!Number.isInteger(timeout) || timeout < 1 || timeout > 600) return refuse(400, 21220);
  return { status: 201, body: { sid: CALL, status: 'queued', price: null, price_unit: 'USD', account_sid: ACCOUNT } };
}

async function open(over: object = {}, now = () => NOW) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(twilioVoice, { base_url: carrier.url, ...config, ...over }, now) };
}

function signed(kind: CallbackKind, url: string, form: Record<string, string>, token = TOKEN, now = NOW) {
  const body = new URLSearchParams(form);
  const headers = { 'x-twilio-signature': signTwilio(url, body, token) };
  return callback(kind, { url, headers, body: body.toString(), now });
}

/** Twilio after a call was created: asks for TwiML as the request told it to and does as the TwiML says. */
async function dial(over: Partial<OutboundMessage> = {}, configured: object = {}) {
  const { carrier, provider } = await open(configured);
  expect(await provider.send(call(over), signal)).toEqual({ kind: 'accepted', providerId: CALL });
  const form = new URLSearchParams(carrier.requests[0]?.body);
  let next = form.get('Url') ?? '';
  const base = { AccountSid: ACCOUNT, CallSid: CALL, From: SENDER, To: PHONE, Direction: 'outbound-api' };
  return {
    provider,
    form,
    /** Fetches the document that is next; `members` are what a Gather adds. */
    async fetch(members: Record<string, string> = {}, now = NOW) {
      const result = await provider.callbacks?.voice?.(
        signed('voice', next, { ...base, CallStatus: 'in-progress', ...members }, TOKEN, now),
      );
      if (result?.kind !== 'taken') throw new Error(`not taken: ${JSON.stringify(result)}`);
      const { body = '', contentType } = result.answer ?? {};
      expect(contentType).toBe('text/xml');
      const action = /action="([^"]*)"/.exec(body)?.[1]?.replaceAll('&amp;', '&');
      if (action !== undefined) next = action;
      return { twiml: body, ends: action === undefined, receipts: result.receipts, inbound: result.inbound };
    },
    async ended(members: Record<string, string>, now = NOW) {
      const url = form.get('StatusCallback') ?? '';
      const result = await provider.callbacks?.receipts?.(signed('receipts', url, { ...base, ...members }, TOKEN, now));
      return result?.kind === 'taken' ? result.receipts : result;
    },
  };
}

const receipt = { providerId: CALL, reference: REFERENCE };
const completed = { CallStatus: 'completed', CallDuration: '12', Timestamp: 'Sun, 22 Nov 2026 12:00:30 +0000' };
const at = Date.parse('2026-11-22T12:00:30Z');

describe('calling', () => {
  test('what is said is served, and nothing of it is in the request', async () => {
    const { form } = await dial();
    const { Url, StatusCallback, ...rest } = Object.fromEntries(form);
    expect(rest).toEqual({
      To: PHONE,
      From: SENDER,
      Method: 'POST',
      StatusCallbackMethod: 'POST',
      StatusCallbackEvent: 'completed',
      Timeout: '30',
      TimeLimit: '300',
    });
    expect(Url).toMatch(/^https:\/\/otp\.example\.com\/callbacks\/carrier\/voice\?call=[\w.-]+$/);
    expect(StatusCallback).toMatch(/^https:\/\/otp\.example\.com\/callbacks\/carrier\/receipts\?call=[\w.-]+$/);
    expect(form.toString()).not.toContain('Example');
    expect(form.toString()).not.toContain('493027');
  });

  test('answering machines are looked for where it is asked for', async () => {
    const { form } = await dial({}, { machine_detection: true, ring_seconds: 20 });
    expect([form.get('MachineDetection'), form.get('Timeout')]).toEqual(['Enable', '20']);
  });

  test('the API key is used where there is one', async () => {
    const { provider } = await open({ api_key_sid: KEY, api_key_secret: 'key-secret' });
    expect(await provider.send(call(), signal)).toMatchObject({ kind: 'accepted' });
  });

  test('a language without a voice is not read out in another one', async () => {
    const { carrier, provider } = await open();
    const georgian: SpokenScript = { ...script, locale: 'ka' };
    const verdict = { kind: 'failed', reason: 'unsupported', carrierCode: 'no_voice' };
    expect(await provider.send(call({ script: georgian }), signal)).toEqual(verdict);
    expect(carrier.requests).toEqual([]);
  });

  test('a script that fits into no URL is not sent', async () => {
    const { carrier, provider } = await open();
    const long: SpokenScript = { ...script, body: [{ say: 'கு'.repeat(600) }] };
    const verdict = { kind: 'failed', reason: 'unsupported', carrierCode: 'script_too_long' };
    expect(await provider.send(call({ script: long }), signal)).toEqual(verdict);
    expect(carrier.requests).toEqual([]);
  });

  test.each([
    [400, 21211, 'rejected', 'invalid_recipient'],
    [400, 21214, 'rejected', 'unreachable_recipient'],
    [400, 21210, 'failed', 'sender_refused'],
    [400, 21215, 'failed', 'destination_refused'],
    [403, 21216, 'failed', 'destination_refused'],
    [401, 20003, 'failed', 'authentication_failed'],
    [429, 20429, 'failed', 'rate_limited'],
    [400, 21205, 'failed', 'misconfigured'],
    [400, 99999, 'rejected', 'unknown'],
    [500, 20500, 'outcome_unknown', 'unreadable_answer'],
  ])('%i, error %i: %s for %s', async (status, code, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { code, message: 'To +33612345678 is not valid', status } });
    expect(await provider.send(call(), signal)).toEqual({ kind, reason, carrierCode: String(code) });
  });

  describeFaults(open, call());
});

const HOW: Record<Ended, Record<string, string>> = {
  answered: { CallStatus: 'completed', CallDuration: '12', SipResponseCode: '200' },
  machine: { CallStatus: 'completed', CallDuration: '4', AnsweredBy: 'machine_start' },
  busy: { CallStatus: 'busy', SipResponseCode: '486' },
  no_answer: { CallStatus: 'no-answer', SipResponseCode: '487' },
  declined: { CallStatus: 'busy', SipResponseCode: '603' },
};

describeCalls({
  providerId: CALL,
  phone: PHONE,
  sender: SENDER,
  async dial(over, configured) {
    const { fetch, ended } = await dial(over, configured);
    const heard = ({ twiml, ends, receipts, inbound }: Awaited<ReturnType<typeof fetch>>) => ({
      document: twiml,
      waits: !ends,
      receipts,
      inbound,
    });
    return {
      answer: async ({ machine = false, now } = {}) =>
        heard(await fetch(machine ? { AnsweredBy: 'machine_start' } : {}, now)),
      press: async (key, now) => heard(await fetch(key === null ? {} : { Digits: key }, now)),
      ended: async (how, now) => ((await ended(HOW[how], now)) ?? []) as ProviderReceipt[],
    };
  },
});

describe('TwiML', () => {
  test('gathers one key of any kind, and then asks again with it', async () => {
    const phone = await dial();
    const { twiml } = await phone.fetch();
    expect(twiml).toMatch(
      /^<Response><Gather input="dtmf" numDigits="1" finishOnKey="" timeout="6" actionOnEmptyResult="true" method="POST" action="[^"<]+&amp;awaits=gate"><Say voice="Polly.Joanna">Hello. Example &amp; Co.<break time="200ms"\/>To hear your code, press 1.<\/Say><\/Gather><\/Response>$/,
    );
  });

  test('says the digits one by one and hangs up', async () => {
    const phone = await dial();
    await phone.fetch();
    const { twiml } = await phone.fetch({ Digits: '1' });
    expect(twiml.match(/4<break time="350ms"\/>9<break/g)).toHaveLength(2);
    expect(twiml).toMatch(/Goodbye\.<\/Say><Hangup\/><\/Response>$/);
  });

  test('asked for again, is the same', async () => {
    const phone = await dial();
    await phone.fetch();
    expect(await phone.fetch({ Digits: '1' })).toEqual(await phone.fetch({ Digits: '1' }));
  });

  test.each(['human', 'unknown'])('goes on when %s answered', async (AnsweredBy) => {
    expect((await (await dial({}, { machine_detection: true })).fetch({ AnsweredBy })).ends).toBe(false);
  });

  test('is said in the voice and at the pace of the policy', async () => {
    const phone = await dial({ script: { ...script, voice: 'Polly.Brian', pace: 0.8 } });
    expect((await phone.fetch()).twiml).toContain('<Say voice="Polly.Brian"><prosody rate="80%">Hello.');
  });

  test('of a text that nobody took apart says it twice', async () => {
    const phone = await dial({ purpose: 'transactional', text: 'The server is down.', script: undefined as never });
    expect((await phone.fetch()).twiml.match(/The server is down\./g)).toHaveLength(2);
  });
});

describe('how a call ended', () => {
  test.each([
    [
      { CallStatus: 'busy', SipResponseCode: '486' },
      { status: 'undelivered', reason: 'busy', carrierCode: '486' },
    ],
    [{ CallStatus: 'busy' }, { status: 'undelivered', reason: 'busy' }],
    [
      { CallStatus: 'busy', SipResponseCode: '603' },
      { status: 'undelivered', reason: 'declined', carrierCode: '603' },
    ],
    [
      { CallStatus: 'no-answer', SipResponseCode: '487' },
      { status: 'undelivered', reason: 'no_answer', carrierCode: '487' },
    ],
    [
      { CallStatus: 'failed', SipResponseCode: '404' },
      { status: 'undelivered', reason: 'invalid_recipient', carrierCode: '404' },
    ],
    [{ CallStatus: 'failed' }, { status: 'undelivered', reason: 'unreachable_recipient' }],
    [{ CallStatus: 'canceled' }, { status: 'rejected', reason: 'unknown' }],
    [{ CallStatus: 'ringing' }, { status: 'sent' }],
    [{ CallStatus: 'constructor' }, { status: 'unknown' }],
  ])('%j', async (members, expected) => {
    const phone = await dial();
    expect(await phone.ended(members)).toEqual([{ ...receipt, ...expected }]);
  });

  test('with a URL that is not ours, is not guessed at', async () => {
    const { provider } = await open();
    const url = `${callbackUrl('receipts')}?call=x`;
    const result = await provider.callbacks?.receipts?.(signed('receipts', url, { CallSid: CALL, ...completed }));
    expect(result).toEqual({ kind: 'taken', receipts: [{ providerId: CALL, status: 'unknown', at }] });
  });
});

describe('who is not Twilio', () => {
  const form = { CallSid: CALL, CallStatus: 'in-progress', Digits: '1', From: SENDER, To: PHONE };
  const at = async (provider: Provider, request: ReturnType<typeof callback>) => provider.callbacks?.voice?.(request);

  test('is not told what is said', async () => {
    const phone = await dial();
    const url = `${phone.form.get('Url')}&awaits=gate`;
    const good = signed('voice', url, form);
    const stolen = [
      { ...good, headers: {} },
      { ...good, headers: { 'x-twilio-signature': '' } },
      { ...good, url: `${url}-again` },
      { ...good, body: Buffer.from(good.body.toString().replace('Digits=1', 'Digits=9')) },
      signed('voice', url, form, '0'.repeat(32)),
      signed('voice', url.replace('/voice', '/receipts'), form, TOKEN),
    ].map((request, n) => (n === 5 ? { ...request, url } : request));
    for (const request of stolen) expect(await at(phone.provider, request)).toMatchObject({ kind: 'unauthenticated' });
    expect(await at(phone.provider, good)).toMatchObject({ kind: 'taken' });
    expect(await at(phone.provider, signed('voice', url, form, OLD_TOKEN))).toMatchObject({ kind: 'taken' });
  });

  test('cannot have the code of a call whose state was altered', async () => {
    const phone = await dial();
    const url = (phone.form.get('Url') ?? '').replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
    const altered = signed('voice', `${url}&awaits=gate`, form);
    expect(await at(phone.provider, altered)).toMatchObject({ answer: { body: '<Response><Hangup/></Response>' } });
  });
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts', 'voice'],
  sign(kind, body) {
    const signature = signTwilio(callbackUrl(kind), new URLSearchParams(body.toString()), TOKEN);
    return callback(kind, { body, headers: { 'x-twilio-signature': signature } });
  },
  near: fc
    .record(
      {
        CallSid: fc.string(),
        CallStatus: fc.constantFrom('completed', 'busy', '__proto__', 'toString'),
        SipResponseCode: fc.oneof(fc.string(), fc.nat().map(String)),
        AnsweredBy: fc.constantFrom('human', 'machine_start', ''),
        Digits: fc.string(),
      },
      { requiredKeys: [] },
    )
    .map((form) => new URLSearchParams(form).toString()),
});

describe('the configuration says what to mend', () => {
  test.each([
    [{ auth_tokens: undefined }, '/auth_tokens is missing'],
    [{ api_key_sid: KEY }, '/api_key_secret api_key_sid and api_key_secret go together'],
    [{ ring_seconds: 600 }, '/ring_seconds must be <= 60'],
    [{ base_url: 'http://api.twilio.com' }, '/base_url must begin with https://'],
  ])('%j', async (over, message) => {
    await expect(makeProvider(twilioVoice, { ...config, ...over })).rejects.toThrow(message);
  });
});
