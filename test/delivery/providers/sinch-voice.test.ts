import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { OutboundMessage, ProviderReceipt, SpokenScript } from '../../../src/delivery/provider.ts';
import { sinchVoice } from '../../../src/delivery/providers/sinch-voice.ts';
import { refuseSinchVoiceSignature, signForSinch } from '../../../src/delivery/providers/sinch-voice-signature.ts';
import { call, script } from '../voice/calls.ts';
import { describeCalls, type Ended } from './call-scenarios.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults, nearJson } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, NOW } from './provider-rig.ts';

const KEY = '669E367E-6BBA-48AB-AF15-266871C28135';
const SECRET = 'BeIukql3pTKJ8RGL5zo0DA==';
const OLD_SECRET = 'b2xkIHNlY3JldCBvZiBzaW5jaA==';
const CALL_ID = '822aa4b7-05b4-4d83-87c7-1f835ee0b6f6_257';
const signal = new AbortController().signal;

const config = { application_key: KEY, application_secrets: [SECRET, OLD_SECRET] };

/** As the documentation of signed requests says, apart from the code that is tested. */
function sign(method: string, body: string | Buffer, type: string, timestamp: string, path: string, secret = SECRET) {
  const md5 = createHash('md5').update(body).digest('base64');
  const text = `${method}\n${md5}\n${type}\nx-timestamp:${timestamp}\n${path}`;
  return createHmac('sha256', Buffer.from(secret, 'base64')).update(text, 'utf8').digest('base64');
}

/** `POST /calling/v1/callouts` as documented. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (status: number, errorCode: number) => ({
    status,
    body: { errorCode, message: 'no', reference: 'r' },
  });
  if (method !== 'POST' || path !== '/calling/v1/callouts') return refuse(404, 40400);
  const type = headers['content-type'] ?? '';
  const timestamp = String(headers['x-timestamp']);
  const signature = sign('POST', body, type, timestamp, path);
  if (headers.authorization !== `application ${KEY}:${signature}`) return refuse(401, 40103);
  if (Math.abs(Date.parse(timestamp) - NOW) > 5 * 60_000) return refuse(401, 40105);
  if (type !== 'application/json') return refuse(400, 40003);
  const { method: kind, customCallout: callout } = JSON.parse(body);
  if (kind !== 'customCallout' || typeof callout?.ice !== 'string') return refuse(400, 40001);
  if (callout.destination.type !== 'number' || !/^\+\d{7,15}$/.test(callout.destination.endpoint)) {
    return refuse(400, 40001);
  }
  if (!/^\+\d{7,15}$/.test(callout.cli) || typeof callout.custom !== 'string') return refuse(400, 40001);
  const { action } = JSON.parse(callout.ice);
  if (action.name !== 'connectPstn' || action.maxDuration > 14_400) return refuse(400, 40001);
  return { status: 200, body: { callId: CALL_ID } };
}

async function open(over: object = {}) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(sinchVoice, { base_url: carrier.url, ...config, ...over }) };
}

const path = new URL(callbackUrl('voice')).pathname;

function signed(body: string | Buffer, now = NOW, over: Parameters<typeof callback>[1] = {}) {
  const timestamp = new Date(now).toISOString();
  const type = 'application/json; charset=utf-8';
  const headers = {
    authorization: `application ${KEY}:${sign('POST', body, type, timestamp, path)}`,
    'content-type': type,
    'x-timestamp': timestamp,
  };
  return callback('voice', { body, headers, now, ...over });
}

interface Menu {
  id: string;
  mainPrompt: string;
  maxDigits: number;
  options: { dtmf: number; action: string }[];
}

/** Sinch after a callout: asks for SVAML at its callback URL and acts on it. */
async function dial(over: Partial<OutboundMessage> = {}, configured: object = {}) {
  const { carrier, provider } = await open(configured);
  expect(await provider.send(call(over), signal)).toEqual({ kind: 'accepted', providerId: CALL_ID });
  const { customCallout } = JSON.parse(carrier.requests[0]?.body ?? '');
  const common = { callid: CALL_ID, version: 1, custom: customCallout.custom, applicationKey: KEY };
  let menu: Menu | null = null;
  const event = async (members: object, now = NOW) => {
    const body = JSON.stringify({ timestamp: '2026-11-22T12:00:30Z', ...common, ...members });
    const result = await provider.callbacks?.voice?.(signed(body, now));
    if (result?.kind !== 'taken') throw new Error(`not taken: ${JSON.stringify(result)}`);
    return result;
  };
  const heard = ({ receipts, inbound, answer }: Awaited<ReturnType<typeof event>>) => {
    expect(answer).toMatchObject({ status: 200, contentType: 'application/json' });
    const svaml = JSON.parse(answer?.body ?? '');
    const { action } = svaml;
    menu = action.name === 'runMenu' ? action.menus.find(({ id }: Menu) => id === action.mainMenu) : null;
    if (action.name === 'runMenu') expect(action.menus.map(({ id }: Menu) => id)).toContain('main');
    else expect(action).toEqual({ name: 'hangup' });
    return { document: answer?.body ?? '', svaml, waits: menu !== null, receipts, inbound };
  };
  return {
    provider,
    customCallout,
    event,
    answer: async (members: object = {}, now?: number) => heard(await event({ event: 'ace', ...members }, now)),
    async press(key: string | null, now?: number) {
      const option = menu?.options.find(({ dtmf }) => String(dtmf) === key);
      const value = /^return\((.*)\)$/.exec(option?.action ?? '')?.[1];
      const menuResult = value === undefined ? { type: 'timeout' } : { type: 'return', value, inputMethod: 'dtmf' };
      return heard(await event({ event: 'pie', menuResult: { menuId: menu?.id, ...menuResult } }, now));
    },
    ended: async (members: object, now?: number): Promise<readonly ProviderReceipt[]> =>
      (await event({ event: 'dice', debit: { currencyId: 'USD', amount: 0.05 }, ...members }, now)).receipts ?? [],
  };
}

const HOW: Record<Ended, object> = {
  answered: { reason: 'CALLEEHANGUP', result: 'ANSWERED', duration: 12 },
  machine: { reason: 'MANAGERHANGUP', result: 'ANSWERED', duration: 4 },
  busy: { reason: 'CALLEEHANGUP', result: 'BUSY' },
  no_answer: { reason: 'TIMEOUT', result: 'NOANSWER' },
  declined: { reason: 'CALLEEHANGUP', result: 'NOANSWER' },
};

describeCalls({
  providerId: CALL_ID,
  phone: '+33612345678',
  sender: '+15005550006',
  async dial(over, configured) {
    const phone = await dial(over, configured);
    return {
      answer: ({ machine = false, now } = {}) =>
        phone.answer(machine ? { amd: { status: 'machine', reason: 'longgreeting', duration: 15 } } : {}, now),
      press: phone.press,
      ended: (how, now) => phone.ended(HOW[how], now),
    };
  },
});

describe('calling', () => {
  test('what is said is asked for, and nothing of it is in the request', async () => {
    const { customCallout } = await dial({}, { ring_seconds: 25, machine_detection: true });
    const { ice, custom, ...rest } = customCallout;
    expect(rest).toEqual({
      cli: '+15005550006',
      destination: { type: 'number', endpoint: '+33612345678' },
      maxDuration: 300,
    });
    const action = {
      name: 'connectPstn',
      number: '+33612345678',
      cli: '+15005550006',
      dialTimeout: 25,
      maxDuration: 300,
      amd: { enabled: true },
    };
    expect(JSON.parse(ice)).toEqual({ action });
    expect(custom).toMatch(/^[\w.-]+~[\w.-]+$/);
  });

  test('the signature is that of the documented example', () => {
    const body =
      '{"event":"ace","callid":"822aa4b7-05b4-4d83-87c7-1f835ee0b6f6_257","timestamp":"2014-09-24T10:59:41Z","version":1}';
    const at = '2014-09-24T10:59:41Z';
    const request = {
      method: 'POST',
      path: '/sinch/callback/ace',
      contentType: 'application/json',
      timestamp: at,
      body,
    };
    expect(signForSinch(request, SECRET)).toBe('Tg6fMyo8mj9pYfWQ9ssbx3Tc1BNC87IEygAfLbJqZb4=');
    const authorization = `application ${KEY}:Tg6fMyo8mj9pYfWQ9ssbx3Tc1BNC87IEygAfLbJqZb4=`;
    const headers = { authorization, 'content-type': 'application/json', 'x-timestamp': at };
    const url = 'https://callbacks.yourdomain.com/sinch/callback/ace';
    expect(
      refuseSinchVoiceSignature(callback('voice', { url, body, headers, now: Date.parse(at) }), KEY, [SECRET]),
    ).toBeNull();
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
    [400, 40001, 'rejected', 'unknown'],
    [401, 40103, 'failed', 'authentication_failed'],
    [402, 40200, 'failed', 'insufficient_credit'],
    [429, 42900, 'failed', 'rate_limited'],
    [500, 50000, 'outcome_unknown', 'unreadable_answer'],
  ])('%i, error %i: %s for %s', async (status, errorCode, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next({ status, body: { errorCode, message: '+33612345678', reference: 'r' } });
    expect(await provider.send(call(), signal)).toEqual({ kind, reason, carrierCode: String(errorCode) });
  });

  describeFaults(open, call());
});

describe('SVAML', () => {
  test('runs a menu that returns any digit, and is interrupted by it', async () => {
    const { svaml } = await (await dial()).answer();
    expect(svaml.instructions).toEqual([]);
    expect(svaml.action).toMatchObject({ name: 'runMenu', barge: true, locale: 'en-US', mainMenu: 'main' });
    const [menu] = svaml.action.menus;
    expect(menu.mainPrompt).toBe(
      '#ssml[<speak>Hello. Example &amp; Co.<break time="200ms"/>To hear your code, press 1.</speak>]',
    );
    expect(menu.options).toHaveLength(10);
    expect(menu.options[1]).toEqual({ dtmf: 1, action: 'return(1)' });
  });

  test('plays the body in pieces that are not too long, and hangs up', async () => {
    const phone = await dial();
    await phone.answer();
    const { svaml } = await phone.press('1');
    expect(svaml.action).toEqual({ name: 'hangup' });
    const [{ name, locale, ids }] = svaml.instructions;
    expect([name, locale]).toEqual(['playFiles', 'en-US']);
    for (const id of ids) expect(id).toMatch(/^#ssml\[<speak>[^[\]]*<\/speak>\]$/);
  });

  test('keeps a bracket of a text from ending the prompt', async () => {
    const phone = await dial({ script: { ...script, greeting: 'Hello [you]#tts[x].' } });
    const [menu] = (await phone.answer()).svaml.action.menus;
    expect(menu.mainPrompt).toContain('Hello &#91;you&#93;#tts&#91;x&#93;.');
  });

  test('is in the voice of the policy, where that is one of theirs', async () => {
    const localeOf = async (voice: string) =>
      (await (await dial({ script: { ...script, voice } })).answer()).svaml.action.locale;
    expect(await localeOf('Joanna')).toBe('Joanna');
    expect(await localeOf('Polly.Joanna')).toBe('en-US');
  });

  test('hangs up on who calls us and after a hang-up at the menu', async () => {
    const phone = await dial();
    const hangUp = { body: JSON.stringify({ instructions: [], action: { name: 'hangup' } }) };
    expect(await phone.event({ event: 'ice', custom: '', cli: '33612345678' })).toMatchObject({ answer: hangUp });
    const gone = await phone.event({ event: 'pie', menuResult: { menuId: 'main', type: 'hangup' } });
    expect(gone).toMatchObject({ receipts: [], answer: hangUp });
  });

  test('is not owed to a notification', async () => {
    expect((await (await dial()).event({ event: 'notify', type: 'recording_finished' })).receipts).toBeUndefined();
  });
});

describe('how a call ended', () => {
  const facts = {
    providerId: CALL_ID,
    reference: call().reference,
    at: Date.parse('2026-11-22T12:00:30Z'),
    price: { amount: '0.05', currency: 'USD' },
  };

  test.each([
    ['NOCREDITPARTNER', 'FAILED', 'insufficient_credit'],
    ['CONGESTION', 'FAILED', 'network_error'],
    ['BLOCKED', 'FAILED', 'destination_refused'],
    ['CALLBACKERROR', 'FAILED', 'misconfigured'],
    ['N/A', 'FAILED', 'unreachable_recipient'],
    ['N/A', 'NOANSWER', 'no_answer'],
    ['N/A', 'BUSY', 'busy'],
  ])('%s, %s is %s', async (reason, result, expected) => {
    const [receipt] = await (await dial()).ended({ reason, result });
    expect(receipt).toMatchObject({ ...facts, status: 'undelivered', reason: expected });
  });

  test.each([
    ['N/A', 'N/A'],
    ['constructor', 'toString'],
  ])('%s, %s is unknown', async (reason, result) => {
    expect(await (await dial()).ended({ reason, result })).toEqual([{ ...facts, status: 'unknown' }]);
  });
});

describe('who is not Sinch', () => {
  test('is not told what is said', async () => {
    const { provider, customCallout } = await dial();
    const menuResult = { menuId: 'main', type: 'return', value: '1' };
    const body = JSON.stringify({ event: 'pie', callid: CALL_ID, custom: customCallout.custom, menuResult });
    const good = signed(body);
    const { authorization, ...unsigned } = good.headers;
    const type = good.headers['content-type'] ?? '';
    const stamp = good.headers['x-timestamp'] ?? '';
    const with_ = (over: Record<string, string>) => ({ ...good, headers: { ...good.headers, ...over } });
    const stolen = [
      { ...good, headers: unsigned },
      with_({ authorization: `${authorization}x` }),
      with_({ authorization: `application other:${sign('POST', body, type, stamp, path)}` }),
      with_({ authorization: `application ${KEY}:${sign('POST', body, type, stamp, path, 'x'.repeat(24))}` }),
      with_({ 'x-timestamp': new Date(NOW + 1_000).toISOString() }),
      { ...good, now: NOW + 6 * 60_000 },
      { ...good, url: callbackUrl('receipts') },
      { ...good, body: Buffer.from(body.replace('"1"', '"9"')) },
    ];
    for (const one of stolen) expect(await provider.callbacks?.voice?.(one)).toMatchObject({ kind: 'unauthenticated' });
    expect(await provider.callbacks?.voice?.(good)).toMatchObject({
      kind: 'taken',
      receipts: [{ status: 'delivered' }],
    });
    const old = with_({
      authorization: `Application ${KEY.toLowerCase()}:${sign('POST', body, type, stamp, path, OLD_SECRET)}`,
    });
    expect(await provider.callbacks?.voice?.(old)).toMatchObject({ kind: 'taken' });
  });
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['voice'],
  sign: (_kind, body) => signed(body),
  near: nearJson({
    event: ['ace', 'pie', 'dice', 'ice'],
    callid: [CALL_ID],
    custom: ['x', '~', {}],
    menuResult: [{ type: 'return', value: '1', menuId: 'main' }],
    result: ['ANSWERED', '__proto__'],
    amd: [{ status: 'machine' }],
  }).map((body) => JSON.stringify(body)),
});

test.each([
  [{ application_secrets: ['not base64, but long enough'] }, '/application_secrets/0 must be the secret'],
  [{ application_key: undefined }, '/application_key is missing'],
])('the configuration says what to mend: %j', async (over, message) => {
  await expect(makeProvider(sinchVoice, { ...config, ...over })).rejects.toThrow(message);
});
