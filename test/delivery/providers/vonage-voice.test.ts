import { createHash, generateKeyPairSync } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import type { CallbackKind, OutboundMessage, ProviderReceipt, SpokenScript } from '../../../src/delivery/provider.ts';
import { vonageVoice } from '../../../src/delivery/providers/vonage-voice.ts';
import { call, saysCode, script, ungated } from '../voice/calls.ts';
import { describeCalls, type Ended } from './call-scenarios.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults, nearJson } from './carrier-faults.ts';
import { callback, makeProvider, NOW } from './provider-rig.ts';

const APPLICATION = 'aaaaaaaa-bbbb-cccc-dddd-0123456789ab';
const UUID = '63f61863-4a51-4f6b-86e1-46edebcf9356';
const CONVERSATION = 'CON-f972836a-550f-45fa-956c-12a2ab5b7d22';
const SECRET = 'signature-secret-of-now';
const OLD_SECRET = 'signature-secret-of-before';
const signal = new AbortController().signal;

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const config = {
  application_id: APPLICATION,
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  signature_secrets: [SECRET, OLD_SECRET],
};

/** `POST /v1/calls` as documented; the token is checked apart, as that takes a promise. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const invalid = (name: string) => ({
    status: 400,
    body: { type: 'BAD_REQUEST', error_title: 'Bad Request', invalid_parameters: { [name]: ['Is invalid'] } },
  });
  if (method !== 'POST' || path !== '/v1/calls') return { status: 404, body: { type: 'NOT_FOUND' } };
  if (!/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/.test(headers.authorization ?? '')) {
    return { status: 401, body: { type: 'UNAUTHORIZED', error_title: 'Unauthorized' } };
  }
  if (headers['content-type'] !== 'application/json') return { status: 415, body: {} };
  const request = JSON.parse(body);
  if (request.to?.length !== 1 || request.to[0].type !== 'phone' || !/^\d{7,15}$/.test(request.to[0].number)) {
    return invalid('to');
  }
  if (request.from?.type !== 'phone' || !/^\d{7,15}$/.test(request.from.number)) return invalid('from');
  if ('ncco' in request === 'answer_url' in request) return invalid('answer_url');
  for (const name of ['answer_url', 'event_url']) {
    const urls = request[name];
    if (!Array.isArray(urls) || urls.length !== 1 || !/^https:\/\//.test(urls[0])) return invalid(name);
    if (request[name.replace('url', 'method')] !== 'POST') return invalid(name);
  }
  if (!(request.ringing_timer >= 1 && request.ringing_timer <= 120)) return invalid('ringing_timer');
  if (!(request.length_timer >= 1 && request.length_timer <= 7_200)) return invalid('length_timer');
  return {
    status: 201,
    body: { uuid: UUID, status: 'started', direction: 'outbound', conversation_uuid: CONVERSATION },
  };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(vonageVoice, { base_url: carrier.url, ...config, ...over }) };
}

async function authorization(body: string | Buffer, secret = SECRET, at = NOW, application = APPLICATION) {
  const payload_hash = createHash('sha256').update(body).digest('hex');
  const token = await new SignJWT({ iss: 'Vonage', payload_hash, api_key: 'abcd1234', application_id: application })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(at / 1_000)
    .setJti(UUID)
    .sign(Buffer.from(secret));
  return { authorization: `Bearer ${token}` };
}

async function signed(kind: CallbackKind, url: string, members: object, now = NOW) {
  const body = JSON.stringify(members);
  return callback(kind, { url, body, headers: await authorization(body), now });
}

const BASE = { from: '15005550006', to: '33612345678', uuid: UUID, conversation_uuid: CONVERSATION };

interface Action {
  action: string;
  text?: string;
  bargeIn?: boolean;
  type?: string[];
  dtmf?: { maxDigits: number; timeOut: number };
  eventUrl?: string[];
}

/** The rules of the NCCO reference. */
function checkNcco(actions: Action[]): void {
  const kinds = actions.map(({ action }) => action);
  for (const [index, action] of actions.entries()) {
    if (action.action === 'stream') {
      expect(action).toEqual({ action: 'stream', streamUrl: [expect.stringMatching(/^https:.*\.wav$/)] });
      expect(actions[index - 1]?.bargeIn).toBeUndefined();
    } else if (action.action === 'talk') {
      expect(action.text?.replace(/<[^>]*>/g, '').length).toBeLessThanOrEqual(1_500);
      if (action.bargeIn) expect(kinds.at(-1)).toBe('input');
    } else {
      expect(action).toMatchObject({ action: 'input', type: ['dtmf'], dtmf: { maxDigits: 1, timeOut: 6 } });
      expect(action).toMatchObject({ eventMethod: 'POST', eventUrl: [expect.stringMatching(/^https:/)] });
    }
  }
}

/** Vonage after a call was created: asks for an NCCO as it was told to and acts on it. */
async function dial(over: Partial<OutboundMessage> = {}, configured: object = {}) {
  const { carrier, provider } = await open(configured);
  expect(await provider.send(call(over), signal)).toEqual({ kind: 'accepted', providerId: UUID });
  const request = JSON.parse(carrier.requests[0]?.body ?? '');
  let [next] = request.answer_url;
  return {
    provider,
    request,
    async fetch(members: object, now = NOW) {
      const result = await provider.callbacks?.voice?.(await signed('voice', next, { ...BASE, ...members }, now));
      if (result?.kind !== 'taken') throw new Error(`not taken: ${JSON.stringify(result)}`);
      const { body: document = '', contentType } = result.answer ?? {};
      expect(contentType).toBe('application/json');
      const actions: Action[] = JSON.parse(document);
      checkNcco(actions);
      const input = actions.find(({ action }) => action === 'input');
      if (input?.eventUrl) [next] = input.eventUrl;
      const { receipts, inbound } = result;
      return { document, actions, waits: input !== undefined, receipts, inbound };
    },
    async event(members: object, now = NOW): Promise<readonly ProviderReceipt[]> {
      const all = { ...BASE, direction: 'outbound', timestamp: '2026-11-22T12:00:30.000Z', ...members };
      const result = await provider.callbacks?.receipts?.(await signed('receipts', request.event_url[0], all, now));
      return result?.kind === 'taken' ? (result.receipts ?? []) : [];
    },
  };
}

const pressed = (key: string | null) => ({
  speech: {},
  dtmf: { digits: key ?? '', timed_out: key === null },
  timestamp: '2026-11-22T12:00:10.000Z',
});

const HOW: Record<Ended, object> = {
  answered: { status: 'completed', duration: '12', price: '0.01500000', rate: '0.0075', network: '20801' },
  machine: { status: 'machine', uuid: undefined, call_uuid: UUID },
  busy: { status: 'busy' },
  no_answer: { status: 'timeout' },
  declined: { status: 'rejected', detail: 'declined' },
};

describeCalls({
  providerId: UUID,
  phone: '+33612345678',
  sender: '+15005550006',
  async dial(over, configured) {
    const phone = await dial(over, configured);
    return {
      // Machines are looked for while the call goes on; Vonage hangs up.
      answer: async ({ machine = false, now } = {}) =>
        machine ? { document: '', waits: false, receipts: [], inbound: [] } : phone.fetch({}, now),
      press: (key, now) => phone.fetch(pressed(key), now),
      ended: (how, now) => phone.event(HOW[how], now),
    };
  },
});

describe('calling', () => {
  test('what is said is served, and nothing of it is in the request', async () => {
    const { carrier, provider } = await open({ ring_seconds: 20 });
    await provider.send(call(), signal);
    const [sent] = carrier.requests;
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      to: [{ type: 'phone', number: '33612345678' }],
      from: { type: 'phone', number: '15005550006' },
      answer_url: [expect.stringMatching(/^https:\/\/otp\.example\.com\/callbacks\/carrier\/voice\?call=[\w.-]+$/)],
      answer_method: 'POST',
      event_url: [expect.stringMatching(/^https:\/\/otp\.example\.com\/callbacks\/carrier\/receipts\?call=[\w.-]+$/)],
      event_method: 'POST',
      ringing_timer: 20,
      length_timer: 300,
    });
    const token = sent?.headers.authorization?.slice('Bearer '.length) ?? '';
    const { payload } = await jwtVerify(token, publicKey, { currentDate: new Date(NOW) });
    expect(payload.application_id).toBe(APPLICATION);
  });

  test('machines are hung up on where it is asked for', async () => {
    const { request } = await dial({}, { machine_detection: true });
    const detection = { behavior: 'hangup', mode: 'detect', beep_timeout: 45 };
    expect(request.advanced_machine_detection).toEqual(detection);
  });

  test.each<[string, Partial<SpokenScript>]>([
    ['no_voice', { locale: 'ka' }],
    ['script_too_long', { body: [{ say: 'x'.repeat(3_000) }] }],
  ])('%s: not called', async (carrierCode, over) => {
    const { carrier, provider } = await open();
    const verdict = { kind: 'failed', reason: 'unsupported', carrierCode };
    expect(await provider.send(call({ script: { ...script, ...over } }), signal)).toEqual(verdict);
    expect(carrier.requests).toEqual([]);
  });

  test.each([
    [400, { to: ['Is invalid'] }, 'rejected', 'invalid_recipient'],
    [400, [{ name: 'to[0].number', reason: 'Is invalid' }], 'rejected', 'invalid_recipient'],
    [400, { from: ['Is invalid'] }, 'failed', 'sender_refused'],
    [400, { answer_url: ['Is invalid'] }, 'failed', 'misconfigured'],
    [400, undefined, 'rejected', 'unknown'],
    [401, undefined, 'failed', 'authentication_failed'],
    [402, undefined, 'failed', 'insufficient_credit'],
    [429, undefined, 'failed', 'rate_limited'],
    [500, undefined, 'outcome_unknown', 'unreadable_answer'],
  ])('%i %j: %s for %s', async (status, invalid_parameters, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { type: 'CODE', error_title: 'A title', invalid_parameters } });
    expect(await provider.send(call(), signal)).toEqual({ kind, reason, carrierCode: 'CODE' });
  });

  describeFaults(open, call());
});

describe('an NCCO', () => {
  test('speaks SSML in the language of the script and may be interrupted by the key', async () => {
    const phone = await dial({ script: { ...script, locale: 'fr-CA', pace: 0.8 } });
    const { actions } = await phone.fetch({});
    expect(actions[0]).toEqual({
      action: 'talk',
      text: '<speak><prosody rate="80%">Hello. Example &amp; Co.<break time="200ms"/>To hear your code, press 1.</prosody></speak>',
      language: 'fr-CA',
      bargeIn: true,
    });
    const body = await phone.fetch(pressed('1'));
    expect(body.actions.map(({ bargeIn }) => bargeIn)).toEqual([undefined]);
  });

  test('speaks plain text where the voice has no SSML', async () => {
    const { actions } = await (await dial({ script: { ...ungated, locale: 'he' } })).fetch({});
    expect(actions[0]).toMatchObject({ language: 'he-IL' });
    expect(actions[0]?.text).toContain('To confirm, enter 4, 9, 3, 0, 2, 7.');
  });

  test('has the style of the policy, where it names one', async () => {
    const styleOf = async (over: Partial<SpokenScript>) =>
      (await (await dial({ script: { ...script, ...over } })).fetch({})).actions[0];
    expect(await styleOf({ voice: '3' })).toMatchObject({ style: 3 });
    expect(await styleOf({ voice: 'Polly.Amy' })).not.toHaveProperty('style');
    expect(await styleOf({ locale: 'zh-TW' })).toMatchObject({ language: 'cmn-TW', style: 1 });
  });

  test('of a long text has talks that are no longer than Vonage takes', async () => {
    const text = 'All servers in the second hall are down. '.repeat(30);
    const phone = await dial({ purpose: 'transactional', text, script: undefined as never });
    const { actions } = await phone.fetch({});
    expect(actions.length).toBeGreaterThan(1);
  });
});

describe('events', () => {
  const facts = { providerId: UUID, reference: call().reference, at: Date.parse('2026-11-22T12:00:30Z') };
  const undelivered = (reason: string, carrierCode: string) => ({ status: 'undelivered', reason, carrierCode });

  test.each<[object, object]>([
    [{ status: 'started' }, { status: 'sent' }],
    [{ status: 'ringing' }, { status: 'sent' }],
    [{ status: 'answered' }, { status: 'sent' }],
    [{ status: 'human', uuid: undefined, call_uuid: UUID }, { status: 'sent' }],
    [{ status: 'cancelled' }, { status: 'rejected', reason: 'unknown' }],
    [{ status: 'unanswered', detail: 'unavailable' }, undelivered('unreachable_recipient', 'unavailable')],
    [{ status: 'unanswered' }, undelivered('no_answer', 'unanswered')],
    [{ status: 'rejected', detail: 'invalid_number' }, undelivered('invalid_recipient', 'invalid_number')],
    [{ status: 'rejected', detail: 'restricted' }, undelivered('blocked_recipient', 'restricted')],
    [{ status: 'failed', detail: 'cannot_route' }, undelivered('destination_refused', 'cannot_route')],
    [{ status: 'failed', detail: 'a new word' }, undelivered('unreachable_recipient', 'failed')],
    [
      { status: 'completed', price: '0.01500000' },
      { status: 'undelivered', reason: 'no_key_pressed', price: { amount: '0.01500000', currency: 'EUR' } },
    ],
  ])('%j', async (members, expected) => {
    expect(await (await dial()).event(members)).toEqual([{ ...facts, ...expected }]);
  });

  test.each(['record', 'constructor', 'transfer'])('%s says nothing of the call', async (status) => {
    expect(await (await dial()).event({ status })).toEqual([]);
  });

  test('an error in what was served is no receipt', async () => {
    expect(await (await dial()).event({ reason: 'Syntax error in NCCO.', uuid: undefined })).toEqual([]);
  });

  test('without a gate and while machines are looked for, a person is what delivers', async () => {
    const phone = await dial({ script: ungated }, { machine_detection: true });
    const first = await phone.fetch({});
    expect([saysCode(first.document), first.receipts]).toEqual([true, []]);
    expect(await phone.event({ status: 'human' })).toEqual([{ ...facts, status: 'delivered' }]);
    expect(await phone.event({ status: 'completed' })).toMatchObject([{ status: 'undelivered' }]);
  });
});

describe('who is not Vonage', () => {
  test('is not told what is said', async () => {
    const { provider, request } = await dial();
    const url = `${request.answer_url[0]}&awaits=gate`;
    const body = JSON.stringify({ ...BASE, ...pressed('1') });
    const good = callback('voice', { url, body, headers: await authorization(body) });
    const stolen = [
      { ...good, headers: {} },
      { ...good, headers: await authorization(body, 'another-secret-of-somebody') },
      { ...good, headers: await authorization(body, SECRET, NOW - 25 * 3_600_000) },
      { ...good, headers: await authorization(body, SECRET, NOW, CONVERSATION) },
      { ...good, body: Buffer.from(body.replace('"1"', '"9"')) },
    ];
    for (const one of stolen) expect(await provider.callbacks?.voice?.(one)).toMatchObject({ kind: 'unauthenticated' });
    expect(await provider.callbacks?.voice?.(good)).toMatchObject({ kind: 'taken' });
    const old = { ...good, headers: await authorization(body, OLD_SECRET) };
    expect(await provider.callbacks?.voice?.(old)).toMatchObject({ kind: 'taken' });
  });

  test('cannot make a call of a URL', async () => {
    const { provider, request } = await dial();
    const body = JSON.stringify({ ...BASE, ...pressed('1') });
    const headers = await authorization(body);
    for (const sealed of ['', 'x', new URL(request.event_url[0]).searchParams.get('call') ?? '']) {
      const url = `https://otp.example.com/callbacks/carrier/voice?call=${sealed}&awaits=gate`;
      const result = await provider.callbacks?.voice?.(callback('voice', { url, body, headers }));
      expect(result).toMatchObject({ kind: 'taken', receipts: [], answer: { body: '[]' } });
    }
  });
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts', 'voice'],
  sign: async (kind, body) => callback(kind, { body, headers: await authorization(body) }),
  near: nearJson({
    uuid: [UUID],
    status: ['completed', 'busy', 'toString'],
    detail: ['declined', '__proto__'],
    dtmf: [{ digits: '1' }, { digits: 1 }],
    price: ['0.1', {}],
  }).map((body) => JSON.stringify(body)),
});

test.each([
  [{ private_key: 'x' }, '/private_key must be the RSA private key'],
  [{ signature_secrets: undefined }, '/signature_secrets is missing'],
  [{ base_url: 'http://api.nexmo.com' }, '/base_url must begin with https://'],
])('the configuration says what to mend: %j', async (over, message) => {
  await expect(makeProvider(vonageVoice, { ...config, ...over })).rejects.toThrow(message);
});
