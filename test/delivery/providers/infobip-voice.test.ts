import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { OutboundMessage, ProviderReceipt, SpokenScript } from '../../../src/delivery/provider.ts';
import { infobipVoice } from '../../../src/delivery/providers/infobip-voice.ts';
import { call, saysCode, script } from '../voice/calls.ts';
import { describeCalls, type Ended } from './call-scenarios.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults, nearJson } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, NOW } from './provider-rig.ts';

const TOKEN = 'a-token-of-24-characters';
const CALL_ID = '945261b4-0bae-4ff3-9b1d-10485d2dbee8';
const ACTIONS = `/calls/1/calls/${CALL_ID}`;
const signal = new AbortController().signal;
const eventUrl = `${callbackUrl('voice')}?token=${TOKEN}`;

const config = { api_key: 'key-of-the-account', calls_configuration_id: 'otp', callback_token: TOKEN };

const invalid = { status: 400, body: { errorCode: 'E400', description: 'invalid' } };

/** Create call and the actions on it, as the OpenAPI of the official clients has them. */
function check(request: CarrierRequest): CarrierResponse {
  const { method, path, headers, body } = request;
  if (headers.authorization !== 'App key-of-the-account') {
    return { status: 401, body: { requestError: { serviceException: { messageId: 'UNAUTHORIZED' } } } };
  }
  if (method === 'GET' && path === ACTIONS) return { status: 200, body: { id: CALL_ID, state: 'ESTABLISHED' } };
  if (method !== 'POST') return { status: 405, body: {} };
  if (headers['content-type'] !== 'application/json') return { status: 415, body: {} };
  const asked = JSON.parse(body);
  const texts = (data: object) => Object.values(data).every((value) => typeof value === 'string');
  if (asked.customData !== undefined && !texts(asked.customData)) return invalid;
  switch (path) {
    case '/calls/1/calls': {
      const { endpoint, from, callsConfigurationId, connectTimeout } = asked;
      if (endpoint?.type !== 'PHONE' || !/^\d{7,15}$/.test(endpoint.phoneNumber)) return invalid;
      if (!/^\d{7,15}$/.test(from) || callsConfigurationId !== 'otp' || !(connectTimeout <= 60)) return invalid;
      return { status: 201, body: { id: CALL_ID, state: 'CALLING', direction: 'OUTBOUND' } };
    }
    case `${ACTIONS}/say`:
      return isSpeech(asked) ? { status: 200, body: { status: 'PENDING' } } : invalid;
    case `${ACTIONS}/play`:
      return isFile(asked.content) ? { status: 200, body: { status: 'PENDING' } } : invalid;
    case `${ACTIONS}/capture/dtmf`: {
      const { maxLength, timeout, playContent } = asked;
      const good = maxLength === 1 && Number.isInteger(timeout) && (isFile(playContent) || isSpeech(playContent));
      return good ? { status: 200, body: { status: 'PENDING' } } : invalid;
    }
    case `${ACTIONS}/hangup`:
      return { status: 200, body: { id: CALL_ID, state: 'FINISHED' } };
    default:
      return { status: 404, body: {} };
  }
}

function isFile({ type, fileUrl }: { type?: unknown; fileUrl?: unknown }): boolean {
  return type === 'URL' && typeof fileUrl === 'string' && URL.canParse(fileUrl);
}

function isSpeech({ text, language, speechRate }: { text: unknown; language: unknown; speechRate?: number }): boolean {
  const rated = speechRate === undefined || (speechRate >= 0.5 && speechRate <= 2);
  return typeof text === 'string' && text !== '' && typeof language === 'string' && language !== '' && rated;
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(infobipVoice, { base_url: carrier.url, ...config, ...over }) };
}

/** Infobip after a call was created: tells of events and does what is asked for. */
async function dial(over: Partial<OutboundMessage> = {}, configured: object = {}) {
  const { carrier, provider } = await open(configured);
  expect(await provider.send(call(over), signal)).toEqual({ kind: 'accepted', providerId: CALL_ID });
  const request = JSON.parse(carrier.requests[0]?.body ?? '');
  let customData = request.customData;
  const event = async (type: string, properties: object, now = NOW, extra: object = { customData }) => {
    const body = JSON.stringify({
      callId: CALL_ID,
      timestamp: '2026-11-22T12:00:30.000+00:00',
      callsConfigurationId: 'otp',
      type,
      properties,
      ...extra,
    });
    const before = carrier.requests.length;
    const result = await provider.callbacks?.voice?.(callback('voice', { url: eventUrl, body, now }));
    if (result?.kind !== 'taken') throw new Error(`not taken: ${JSON.stringify(result)}`);
    const actions = carrier.requests.slice(before).filter(({ method }) => method === 'POST');
    for (const action of actions) customData = JSON.parse(action.body).customData ?? customData;
    return { result, actions };
  };
  const heard = ({ result, actions }: Awaited<ReturnType<typeof event>>) => {
    const [action, ...more] = actions;
    expect(more).toEqual([]);
    const asked = JSON.parse(action?.body ?? '{}');
    const speech = asked.playContent ?? asked;
    return {
      document: String(speech.text ?? speech.content?.fileUrl ?? ''),
      asked,
      path: action?.path.replace(`${ACTIONS}/`, ''),
      waits: action?.path.endsWith('/capture/dtmf') === true,
      receipts: result.receipts ?? [],
      inbound: result.inbound,
    };
  };
  return {
    carrier,
    provider,
    request,
    event,
    heard,
    answer: async (properties?: object, now?: number) =>
      heard(
        properties
          ? await event('MACHINE_DETECTION_FINISHED', properties, now)
          : await event('CALL_ESTABLISHED', { call: { id: CALL_ID, state: 'ESTABLISHED', customData } }, now),
      ),
    press: async (key: string | null, now?: number) => heard(await event('DTMF_CAPTURED', { dtmf: key ?? '' }, now)),
    goOn: async () => heard(await event('PLAY_FINISHED', {})),
    ended: async (type: string, callLog: object, now?: number): Promise<readonly ProviderReceipt[]> =>
      (await event(type, { callLog: { callId: CALL_ID, customData, ...callLog } }, now, {})).result.receipts ?? [],
  };
}

const FINISHED = { answerTime: '2026-11-22T12:00:00.000+00:00', endTime: '2026-11-22T12:00:30.000+00:00' };
const NORMAL = { errorCode: { id: 10_000, name: 'NORMAL_HANGUP' } };
const HOW: Record<Ended, [string, object]> = {
  answered: ['CALL_FINISHED', { ...FINISHED, ...NORMAL, state: 'FINISHED', duration: 30 }],
  machine: ['CALL_FINISHED', { ...FINISHED, ...NORMAL, machineDetection: { detectionResult: 'MACHINE' } }],
  busy: ['CALL_FAILED', { state: 'BUSY' }],
  no_answer: ['CALL_FAILED', { state: 'NO_ANSWER' }],
  declined: ['CALL_FAILED', { state: 'FAILED', errorCode: { id: 1, name: 'REJECTED' } }],
};

describeCalls({
  providerId: CALL_ID,
  phone: '+33612345678',
  sender: '+15005550006',
  async dial(over, configured) {
    const phone = await dial(over, configured);
    return {
      answer: ({ machine = false, now } = {}) =>
        phone.answer(machine ? { detectionResult: 'MACHINE' } : undefined, now),
      press: phone.press,
      goOn: phone.goOn,
      ended: (how, now) => phone.ended(...HOW[how], now),
    };
  },
});

describe('calling', () => {
  test('what is said is asked for, and nothing of it is in the request', async () => {
    const { request } = await dial({}, { ring_seconds: 25, machine_detection: true });
    expect(request).toEqual({
      endpoint: { type: 'PHONE', phoneNumber: '33612345678' },
      from: '15005550006',
      callsConfigurationId: 'otp',
      connectTimeout: 25,
      maxDuration: 300,
      machineDetection: { enabled: true },
      customData: { call: expect.stringMatching(/^[\w.-]+$/), end: expect.stringMatching(/^[\w.-]+$/) },
    });
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
    [400, 'rejected', 'unknown'],
    [401, 'failed', 'authentication_failed'],
    [429, 'failed', 'rate_limited'],
    [500, 'outcome_unknown', 'unreadable_answer'],
  ])('%i: %s for %s', async (status, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { requestError: { serviceException: { messageId: 'SOME_ERROR', text: '+336' } } } });
    expect(await provider.send(call(), signal)).toEqual({ kind, reason, carrierCode: 'SOME_ERROR' });
  });

  describeFaults(open, call());
});

describe('actions', () => {
  test('a prompt is played while one key is waited for', async () => {
    const { asked, path } = await (await dial({ script: { ...script, pace: 0.8, voice: 'female' } })).answer();
    expect(path).toBe('capture/dtmf');
    expect(asked).toMatchObject({
      maxLength: 1,
      timeout: 6_000,
      playContent: {
        type: 'TEXT',
        text: 'Hello. Example & Co. To hear your code, press 1.',
        language: 'en',
        speechRate: 0.8,
        preferences: { voiceGender: 'FEMALE' },
      },
      customData: { awaits: 'gate' },
    });
  });

  test('the body is said as text, and the call is over when it has been said', async () => {
    const phone = await dial();
    await phone.answer();
    const { asked, path } = await phone.press('1');
    expect(path).toBe('say');
    expect(asked.text).toContain('To confirm, enter 4, 9, 3, 0, 2, 7. Once more 4, 9, 3, 0, 2, 7. Goodbye.');
    expect(phone.heard(await phone.event('SAY_FINISHED', {}))).toMatchObject({ path: 'hangup' });
  });

  test('what is said before a key does not end the call', async () => {
    const phone = await dial();
    await phone.answer();
    expect((await phone.event('SAY_FINISHED', {})).actions).toEqual([]);
  });

  test('where machines are looked for, nothing is said before one is ruled out', async () => {
    const phone = await dial({}, { machine_detection: true });
    expect((await phone.event('CALL_ESTABLISHED', {})).actions).toEqual([]);
    expect((await phone.answer({ detectionResult: 'HUMAN' })).waits).toBe(true);
  });

  test('custom data that an event does not tell is asked for', async () => {
    const phone = await dial();
    const { asked } = await phone.answer();
    phone.carrier.next({ status: 200, body: { id: CALL_ID, customData: asked.customData } });
    const pressed = phone.heard(await phone.event('DTMF_CAPTURED', { dtmf: '1' }, NOW, {}));
    expect(saysCode(pressed.document)).toBe(true);
    expect(phone.carrier.requests.at(-2)).toMatchObject({ method: 'GET', path: ACTIONS });
  });

  test.each(['hang', 'reset', 'garbage'] as const)(
    '%s: custom data that cannot be had ends the call',
    async (fault) => {
      const phone = await dial({}, { timeout_ms: 150 });
      phone.carrier.next(fault);
      const answered = phone.heard(await phone.event('CALL_ESTABLISHED', {}, NOW, {}));
      expect(answered).toMatchObject({ path: 'hangup', receipts: [] });
    },
  );

  test('a body that Infobip did not take is not delivered, and nobody is left listening', async () => {
    const phone = await dial();
    await phone.answer();
    phone.carrier.next({ status: 503, body: {} });
    const { result, actions } = await phone.event('DTMF_CAPTURED', { dtmf: '1' });
    expect(result.receipts).toEqual([]);
    expect(actions.map(({ path }) => path)).toEqual([`${ACTIONS}/say`, `${ACTIONS}/hangup`]);
  });

  test.each(['CALL_RINGING', 'PLAY_FINISHED', 'constructor'])('%s asks for nothing', async (type) => {
    const { result, actions } = await (await dial()).event(type, {});
    expect([result.receipts, actions]).toEqual([undefined, []]);
  });
});

describe('how a call ended', () => {
  const facts = { providerId: CALL_ID, reference: call().reference };
  const ended = async (...how: [string, object]) => (await (await dial()).ended(...how))[0];

  test.each<[object, string, string?]>([
    [{ errorCode: { name: 'USER_BUSY' } }, 'busy', 'USER_BUSY'],
    [{ errorCode: { name: 'INVALID_DESTINATION' } }, 'invalid_recipient', 'INVALID_DESTINATION'],
    [{ errorCode: { name: 'A_NEW_NAME' }, state: 'BUSY' }, 'busy', 'A_NEW_NAME'],
    [{ errorCode: { name: 'constructor' } }, 'unreachable_recipient', 'constructor'],
    [{}, 'unreachable_recipient'],
  ])('failed: %j', async (callLog, reason, carrierCode) => {
    expect(await ended('CALL_FAILED', callLog)).toMatchObject({
      ...facts,
      status: 'undelivered',
      reason,
      ...(carrierCode && { carrierCode }),
    });
  });

  test('finished without an answer', async () => {
    expect(await ended('CALL_FINISHED', { state: 'NO_ANSWER' })).toMatchObject({ ...facts, reason: 'no_answer' });
  });

  test('finished after a machine had answered', async () => {
    const callLog = { ...FINISHED, machineDetection: { detectionResult: 'MACHINE' } };
    expect(await ended('CALL_FINISHED', callLog)).toMatchObject({ reason: 'machine_answered' });
  });
});

test.each(['..', 'a/b', '', 'x'.repeat(200)])('%j is no call', async (callId) => {
  const { provider, carrier } = await open();
  const body = JSON.stringify({ callId, type: 'CALL_ESTABLISHED' });
  const result = await provider.callbacks?.voice?.(callback('voice', { url: eventUrl, body }));
  expect(result).toMatchObject({ kind: 'unreadable' });
  expect(carrier.requests).toEqual([]);
});

describe('who is not Infobip', () => {
  test('is not listened to', async () => {
    const { provider, carrier, request } = await dial();
    const { customData } = request;
    const body = JSON.stringify({ callId: CALL_ID, type: 'DTMF_CAPTURED', customData, properties: { dtmf: '1' } });
    const before = carrier.requests.length;
    for (const url of [callbackUrl('voice'), `${eventUrl}x`, `${eventUrl}&token=${TOKEN}`]) {
      const result = await provider.callbacks?.voice?.(callback('voice', { url, body }));
      expect(result).toMatchObject({ kind: 'unauthenticated' });
    }
    expect(carrier.requests.length).toBe(before);
  });

  test('an HMAC is demanded where one is configured', async () => {
    const secret = 'secret-of-the-webhook';
    const callback_hmac = { secrets: [secret], header: 'X-Signature', scheme: 'body' };
    const { provider } = await open({ callback_token: undefined, callback_hmac });
    const body = JSON.stringify({ callId: CALL_ID, type: 'CALL_RINGING' });
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const take = (headers: Record<string, string>) => provider.callbacks?.voice?.(callback('voice', { body, headers }));
    expect(await take({ 'x-signature': signature })).toMatchObject({ kind: 'taken' });
    expect(await take({ 'x-signature': signature.replace(/.$/, '0') })).toMatchObject({ kind: 'unauthenticated' });
    expect(await take({})).toMatchObject({ kind: 'unauthenticated' });
  });
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['voice'],
  sign: (kind, body) => callback(kind, { url: eventUrl, body }),
  near: nearJson({
    callId: [CALL_ID],
    type: ['CALL_ESTABLISHED', 'DTMF_CAPTURED', 'SAY_FINISHED', 'CALL_FINISHED', 'CALL_FAILED'],
    customData: [{ call: 'x', end: 'y' }, { awaits: 'end' }],
    properties: [{ dtmf: '1' }, { detectionResult: 'MACHINE' }, { callLog: { errorCode: { name: 'toString' } } }],
  }).map((body) => JSON.stringify(body)),
});

test.each([
  [{ callback_token: undefined }, '/callback_token is needed'],
  [{ calls_configuration_id: undefined }, '/calls_configuration_id is missing'],
  [{ base_url: 'http://api.infobip.com' }, '/base_url must begin with https://'],
])('the configuration says what to mend: %j', async (over, message) => {
  await expect(makeProvider(infobipVoice, { ...config, ...over })).rejects.toThrow(message);
});
