import { createHash, generateKeyPairSync } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { vonage } from '../../../src/delivery/providers/vonage.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeCallbackSafety, describeFaults, nearJson } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, NOW, outbound } from './provider-rig.ts';

const APPLICATION = 'aaaaaaaa-bbbb-cccc-dddd-0123456789ab';
const UUID = 'bbbbbbbb-cccc-dddd-eeee-0123456789ab';
const SECRET = 'signature-secret-of-now';
const OLD_SECRET = 'signature-secret-of-before';
const REFERENCE = outbound().reference;
const signal = new AbortController().signal;

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const config = {
  api: 'messages',
  application_id: APPLICATION,
  private_key: pem,
  signature_secrets: [SECRET, OLD_SECRET],
};

const problem = (status: number, fragment: string) => ({
  status,
  body: { type: `https://developer.vonage.com/api-errors/messages#${fragment}`, title: fragment, detail: 'no' },
});

/** `POST /v1/messages` as documented; the token is checked apart, as that takes a promise. */
function check({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  if (method !== 'POST' || path !== '/v1/messages') return problem(404, 'not-found');
  if (!/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/.test(headers.authorization ?? '')) return problem(401, 'unauthorized');
  if (headers['content-type'] !== 'application/json') return problem(415, 'invalid-json');
  const request = JSON.parse(body);
  if (request.channel !== 'sms' || request.message_type !== 'text') return problem(422, '1010');
  if (!/^\d{7,15}$/.test(request.to)) return problem(422, '1170');
  if (!/^(\d{3,15}|[A-Za-z0-9 ]{1,11})$/.test(request.from)) return problem(422, '1120');
  if (!request.text || !['text', 'unicode', 'auto'].includes(request.sms.encoding_type)) return problem(422, '1020');
  if (!Number.isInteger(request.ttl) || request.ttl < 20 || request.ttl > 604_800) return problem(422, '1130');
  if (request.client_ref.length > 100) return problem(422, '1020');
  return { status: 202, body: { message_uuid: UUID } };
}

async function open(over: object = {}, now = () => NOW) {
  const carrier = await openCarrierFake(check);
  return { carrier, provider: await makeProvider(vonage, { base_url: carrier.url, ...config, ...over }, now) };
}

interface Signing {
  secret?: string;
  at?: number;
  claims?: object;
  algorithm?: string;
}

/** The Authorization of a signed webhook. */
async function signed(body: string | Buffer, { secret = SECRET, at = NOW, claims, algorithm = 'HS256' }: Signing = {}) {
  const payload_hash = createHash('sha256').update(body).digest('hex');
  const all = { iss: 'Vonage', payload_hash, api_key: 'abcd1234', application_id: APPLICATION, ...claims };
  const token = await new SignJWT(all)
    .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
    .setIssuedAt(at / 1_000)
    .setJti(UUID)
    .sign(Buffer.from(secret));
  return { authorization: `Bearer ${token}` };
}

const status = (over: object) =>
  JSON.stringify({
    message_uuid: UUID,
    to: '33612345678',
    from: 'Example',
    timestamp: '2026-11-22T12:00:04.000Z',
    channel: 'sms',
    client_ref: REFERENCE,
    usage: { currency: 'EUR', price: '0.0333' },
    destination: { network_code: '20801' },
    sms: { count_total: '1' },
    ...over,
  });

describe('sending', () => {
  test('a message is JSON under a token of the application, with our reference', async () => {
    const { carrier, provider } = await open();
    expect(await provider.send(outbound(), signal)).toEqual({ kind: 'accepted', providerId: UUID });
    expect(JSON.parse(carrier.requests[0]?.body ?? '')).toEqual({
      channel: 'sms',
      message_type: 'text',
      to: '33612345678',
      from: 'Example',
      text: 'Your Example code is 123456.',
      sms: { encoding_type: 'text' },
      ttl: 600,
      client_ref: REFERENCE,
      webhook_url: callbackUrl('receipts'),
      webhook_version: 'v1',
    });
    const token = carrier.requests[0]?.headers.authorization?.slice('Bearer '.length) ?? '';
    const options = { algorithms: ['RS256'], currentDate: new Date(NOW) };
    const { payload } = await jwtVerify(token, publicKey, options);
    const iat = NOW / 1_000;
    const expected = { application_id: APPLICATION, iat, exp: iat + 900, jti: expect.stringMatching(/^[\w-]{36}$/) };
    expect(payload).toEqual(expected);
  });

  test('the token is renewed before it runs out', async () => {
    let now = NOW;
    const { carrier, provider } = await open({}, () => now);
    const sendAt = async (at: number) => {
      now = at;
      await provider.send(outbound(), signal);
      return carrier.requests.at(-1)?.headers.authorization;
    };
    const first = await sendAt(NOW);
    expect(await sendAt(NOW + 299_000)).toBe(first);
    expect(await sendAt(NOW + 301_000)).not.toBe(first);
  });

  test('what is not in GSM-7 is sent as Unicode, a number without its plus', async () => {
    const { carrier, provider } = await open();
    await provider.send(outbound({ text: 'Κωδικός: 123456', from: '+447700900000' }), signal);
    const { text, from, sms } = JSON.parse(carrier.requests[0]?.body ?? '');
    expect([text, from, sms]).toEqual(['Κωδικός: 123456', '447700900000', { encoding_type: 'unicode' }]);
  });

  test('validity is kept within what Vonage takes', async () => {
    const { provider } = await open();
    for (const validitySeconds of [0, 1e9]) {
      expect(await provider.send(outbound({ validitySeconds }), signal)).toMatchObject({ kind: 'accepted' });
    }
  });

  test('a key with its lines joined, as an environment variable has it, will do', async () => {
    const { provider } = await open({ private_key: pem.replaceAll('\n', '\\n') });
    expect(await provider.send(outbound(), signal)).toMatchObject({ kind: 'accepted' });
  });

  test.each([
    [422, '1120', 'failed', 'sender_refused'],
    [422, '1170', 'rejected', 'invalid_recipient'],
    [422, '1020', 'rejected', 'unknown'],
    [422, '1999', 'rejected', 'unknown'],
    [401, 'unauthorized', 'failed', 'authentication_failed'],
    [402, 'low-balance', 'failed', 'insufficient_credit'],
    [403, 'unprovisioned', 'failed', 'misconfigured'],
    [429, '1000', 'failed', 'rate_limited'],
    [500, '1030', 'outcome_unknown', 'unreadable_answer'],
  ])('%i %s: %s for %s', async (httpStatus, fragment, kind, reason) => {
    const { carrier, provider } = await open();
    carrier.next(problem(httpStatus, fragment));
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode: fragment });
  });

  describeFaults(open);
});

describe('receipts', () => {
  const take = async (body: string, signing: Signing = {}) => takeAs(body, await signed(body, signing));
  const takeAs = async (body: string, headers: Record<string, string>) =>
    (await open()).provider.callbacks?.receipts?.(callback('receipts', { body, headers }));

  const error = (code: string) => ({
    error: { type: `https://developer.vonage.com/api-errors/messages#${code}`, title: code, detail: '+33612345678' },
  });

  test.each([
    ['submitted', {}, { status: 'sent' }],
    ['delivered', {}, { status: 'delivered' }],
    ['read', {}, { status: 'read' }],
    ['rejected', error('1210'), { status: 'rejected', reason: 'filtered', carrierCode: '1210' }],
    ['rejected', error('1240'), { status: 'rejected', reason: 'opted_out', carrierCode: '1240' }],
    ['rejected', error('1360'), { status: 'expired', reason: 'expired', carrierCode: '1360' }],
    ['undeliverable', error('1180'), { status: 'undelivered', reason: 'unreachable_recipient', carrierCode: '1180' }],
    [
      'undeliverable',
      { error: { title: 1260 } },
      { status: 'undelivered', reason: 'unreachable_recipient', carrierCode: '1260' },
    ],
    ['undeliverable', {}, { status: 'undelivered', reason: 'unknown' }],
    ['a-new-word', {}, { status: 'unknown' }],
  ])('%s %j', async (word, over, expected) => {
    expect(await take(status({ status: word, ...over }))).toEqual({
      kind: 'taken',
      receipts: [
        {
          providerId: UUID,
          reference: REFERENCE,
          at: Date.parse('2026-11-22T12:00:04Z'),
          price: { amount: '0.0333', currency: 'EUR' },
          mccMnc: '20801',
          ...expected,
        },
      ],
    });
  });

  const delivered = status({ status: 'delivered' });
  test.each<[string, Signing]>([
    ['another secret', { secret: 'another-signature-secret' }],
    ['the hash of another body', { claims: { payload_hash: createHash('sha256').update('{}').digest('hex') } }],
    ['no hash', { claims: { payload_hash: undefined } }],
    ['another application', { claims: { application_id: UUID } }],
    ['another algorithm', { algorithm: 'HS512', secret: SECRET }],
    ['25 hours ago', { at: NOW - 25 * 3_600_000 }],
    ['in two minutes', { at: NOW + 120_000 }],
  ])('refused: signed with %s', async (_, signing) => {
    expect(await take(delivered, signing)).toMatchObject({ kind: 'unauthenticated' });
  });

  test('refused: not signed, or by a token that is none', async () => {
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`;
    const others: Record<string, string>[] = [{}, { authorization: `Bearer ${none}` }, { authorization: 'Basic YTpi' }];
    for (const headers of others) {
      expect(await takeAs(delivered, headers)).toMatchObject({ kind: 'unauthenticated' });
    }
  });

  test('the secret of before is still good, and so is a webhook that is repeated hours later', async () => {
    expect(await take(delivered, { secret: OLD_SECRET, at: NOW - 20 * 3_600_000 })).toMatchObject({ kind: 'taken' });
  });

  test('a message from a phone is taken at either URL', async () => {
    const inbound = {
      channel: 'sms',
      message_uuid: UUID,
      to: '447700900000',
      from: '33612345678',
      timestamp: '2026-11-22T12:00:04Z',
      text: 'STOP',
      message_type: 'text',
    };
    const at = Date.parse('2026-11-22T12:00:04Z');
    expect(await take(JSON.stringify(inbound))).toEqual({
      kind: 'taken',
      inbound: [{ providerId: UUID, channel: 'sms', from: '+33612345678', to: '+447700900000', text: 'STOP', at }],
    });
    expect(await take(JSON.stringify({ ...inbound, text: undefined }))).toMatchObject({ kind: 'unreadable' });
  });
});

describeCallbackSafety({
  provider: async () => (await open()).provider,
  kinds: ['receipts', 'inbound'],
  sign: async (kind, body) => callback(kind, { body, headers: await signed(body) }),
  near: nearJson({
    message_uuid: [UUID, 1],
    status: ['delivered', 'constructor'],
    error: [{ type: 'a#b#c' }, { title: {} }, []],
    usage: [{ price: -1, currency: 'EUR' }],
    destination: [{ network_code: 20801 }],
    from: ['33612345678'],
    to: ['36111', 36111],
    text: ['STOP', 1],
  }).map((value) => JSON.stringify(value)),
});

describe('the configuration says what to mend', () => {
  test.each([
    [{ private_key: 'private.key' }, '/private_key must be the RSA private key of the application, as PEM'],
    [{ private_key: undefined }, '/private_key is needed for this api'],
    [{ signature_secrets: undefined }, '/signature_secrets is needed for this api'],
    [{ api_key: 'abcd1234' }, '/api_key is of api: sms; leave it out'],
    [{ api: 'verify' }, '/api must be one of messages, sms'],
    [{ base_url: 'http://api.nexmo.com' }, '/base_url must begin with https://'],
  ])('%j', async (over, message) => {
    await expect(makeProvider(vonage, { ...config, ...over })).rejects.toThrow(message);
  });
});
