import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { http } from '../../../src/delivery/providers/http.ts';
import { type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { describeFaults } from './carrier-faults.ts';
import { callback, callbackUrl, makeProvider, outbound } from './provider-rig.ts';

const signal = new AbortController().signal;
const REFERENCE = outbound().reference;
const SECRET = 'a-secret-of-the-gateway-24';

/** A gateway that answers as it is told and takes whatever comes: what was asked is looked at afterwards. */
async function open(config: Record<string, unknown> = {}, answer: CarrierResponse = { status: 200, body: '' }) {
  const carrier = await openCarrierFake(() => answer);
  const { request, ...rest } = config;
  const provider = await makeProvider(http, {
    request: { method: 'POST', url: `${carrier.url}/send`, ...(request as object) },
    ...rest,
  });
  return { carrier, provider };
}

describe('requests', () => {
  test('every variable is what it says', async () => {
    const names =
      'to to_digits from from_digits text text_hex alphabet data_coding subject html code locale purpose reference validity_seconds validity_minutes';
    const form = Object.fromEntries(names.split(' ').map((name) => [name, `{{${name}}}`]));
    const { carrier, provider } = await open({ request: { body: { form } } });
    await provider.send(outbound({ from: '+447700900000', text: 'a€', code: '123456', validitySeconds: 61 }), signal);
    await provider.send(outbound({ text: 'к🔑', subject: 's', html: 'h' }), signal);
    const sent = carrier.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
    expect(sent[0]).toEqual({
      to: '+33612345678',
      to_digits: '33612345678',
      from: '+447700900000',
      from_digits: '447700900000',
      text: 'a€',
      text_hex: '611b65',
      alphabet: '0',
      data_coding: '0',
      subject: '',
      html: '',
      code: '123456',
      locale: 'en',
      purpose: 'code',
      reference: REFERENCE,
      validity_seconds: '61',
      validity_minutes: '2',
    });
    const inUcs2 = { text: 'к🔑', text_hex: '043ad83ddd11', alphabet: '2', data_coding: '8', subject: 's', html: 'h' };
    expect(sent[1]).toMatchObject(inUcs2);
    expect(carrier.requests[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  const hostile = 'a&to=1"}\\</text>\r\n{{reference}}%00\' #?/../é🔑';

  test('a text cannot leave the place it is put in', async () => {
    const request = {
      url: `/send/{{text}}?fixed=1&t={{text}}`,
      query: { q: 'x{{text}}y', ref: '{{reference}}' },
      body: { json: { deep: [{ text: '{{text}}', n: 1, yes: true, no: null }], reference: '{{ reference }}' } },
    };
    const carrier = await openCarrierFake(() => ({ status: 200, body: '' }));
    const provider = await makeProvider(http, {
      request: { method: 'POST', ...request, url: `${carrier.url}${request.url}` },
    });
    await provider.send(outbound({ text: hostile }), signal);
    const sent = carrier.requests[0];
    expect(decodeURIComponent(sent?.path.replace('/send/', '') ?? '')).toBe(hostile);
    expect([...(sent?.query ?? [])]).toEqual([
      ['fixed', '1'],
      ['t', hostile],
      ['q', `x${hostile}y`],
      ['ref', REFERENCE],
    ]);
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      deep: [{ text: hostile, n: 1, yes: true, no: null }],
      reference: REFERENCE,
    });
    expect(sent?.headers['content-type']).toBe('application/json');
  });

  test.each([
    ['json', '{"text":"{{text}}","ttl":{{validity_seconds}} }', (body: string) => JSON.parse(body).text, hostile],
    ['url', 'text={{text}}', (body: string) => new URLSearchParams(body).get('text'), hostile],
    ['none', '{{text}}', (body: string) => body, hostile],
    [
      'xml',
      '<sms to="{{to}}"><text a=\'{{text}}\'>{{text}}</text></sms>',
      (body: string) => /<text a='([^'<]*)'>\1<\/text><\/sms>$/.exec(body)?.[1],
      hostile.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`),
    ],
  ])('nor can it in a raw body escaped as %s', async (how, raw, read, expected) => {
    const { carrier, provider } = await open({ request: { body: { raw, content_type: 'text/plain', escape: how } } });
    await provider.send(outbound({ text: hostile }), signal);
    expect(read(carrier.requests[0]?.body ?? '')).toBe(expected);
    expect(carrier.requests[0]?.headers['content-type']).toBe('text/plain');
  });

  test('control characters that XML cannot have are left out of it', async () => {
    const body = { raw: '<t>{{text}}</t>', content_type: 'text/xml', escape: 'xml' };
    const { carrier, provider } = await open({ request: { body } });
    await provider.send(outbound({ text: 'a\0\x1b\nb' }), signal);
    expect(carrier.requests[0]?.body).toBe('<t>a\nb</t>');
  });

  test.each(['.', '..'])('a path that %s would lead elsewhere is not asked', async (text) => {
    const carrier = await openCarrierFake(() => ({ status: 200, body: '' }));
    const provider = await makeProvider(http, {
      request: { method: 'POST', url: `${carrier.url}/a/{{text}}/send?t={{text}}` },
    });
    expect(await provider.send(outbound({ text }), signal)).toMatchObject({ kind: 'failed', reason: 'unsupported' });
    expect(carrier.requests).toEqual([]);
  });

  test('headers are filled; what none may carry is not sent at all', async () => {
    const { carrier, provider } = await open({
      request: { headers: { Authorization: 'Bearer k', 'X-Ref': 'r-{{reference}}', 'X-From': '{{from}}' } },
    });
    await provider.send(outbound(), signal);
    expect(carrier.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer k',
      'x-ref': `r-${REFERENCE}`,
      'x-from': 'Example',
    });
    const verdict = await provider.send(outbound({ from: 'a\r\nx: y' }), signal);
    // Of the message: it must not speak against the gateway, whose circuit would open.
    expect(verdict).toMatchObject({ kind: 'failed', reason: 'unsupported' });
    expect(carrier.requests).toHaveLength(1);
  });

  describeFaults(async (over = {}) => {
    const { base_url, ...rest } = over as { base_url?: string };
    const request = base_url === undefined ? {} : { url: base_url };
    return open({ provider_id: { json: '/id' }, ...rest, request }, { status: 200, body: { id: '1' } });
  });
});

describe('answers', () => {
  const sendTo = async (config: object, answer: CarrierResponse) => {
    const { provider } = await open(config as Record<string, unknown>, answer);
    return provider.send(outbound(), signal);
  };

  test.each([
    [{ provider_id: { json: '/messages/0/id~1a' } }, { status: 200, body: { messages: [{ 'id/a': 17 }] } }, '17'],
    [{ provider_id: { header: 'X-Id' } }, { status: 201, body: '', headers: { 'x-id': 'abc' } }, 'abc'],
    [{ provider_id: { body: 'id=(\\w+)' } }, { status: 202, body: 'OK id=a1' }, 'a1'],
    [{}, { status: 200, body: '' }, REFERENCE],
    [{ success: { status: [418] } }, { status: 418, body: '' }, REFERENCE],
    [{ success: { json: { pointer: '/ok', equals: true } } }, { status: 200, body: { ok: true } }, REFERENCE],
    [{ success: { json: { pointer: '/s', equals: [0, 'sent'] } } }, { status: 200, body: { s: 'sent' } }, REFERENCE],
    [{ success: { body: '^OK' } }, { status: 200, body: 'OK 1' }, REFERENCE],
  ])('%o accepts', async (config, answer, providerId) => {
    expect(await sendTo(config, answer)).toEqual({ kind: 'accepted', providerId });
  });

  test.each([
    ['without the id', { provider_id: { json: '/id' } }, { status: 200, body: {} }],
    ['an id that is none', { provider_id: { json: '/id' } }, { status: 200, body: { id: ['1'] } }],
    ['an id of the prototype', { provider_id: { json: '/constructor/name' } }, { status: 200, body: {} }],
    ['not equal', { success: { json: { pointer: '/ok', equals: true } } }, { status: 200, body: { ok: 'true' } }],
    ['not matched', { success: { body: '^OK' } }, { status: 200, body: 'ERR' }],
    ['matched too far behind', { success: { body: 'OK' } }, { status: 200, body: `${' '.repeat(5_000)}OK` }],
  ])('a good status %s may have been sent', async (_, config, answer) => {
    expect(await sendTo(config, answer)).toMatchObject({ kind: 'outcome_unknown', reason: 'unreadable_answer' });
  });

  const failures = [
    { status: [200], body: '^ERR 7', verdict: 'rejected', reason: 'invalid_recipient' },
    { json: { pointer: '/error', equals: ['credit', 2] }, verdict: 'failed', reason: 'insufficient_credit' },
    { status: [500, 503], verdict: 'failed', reason: 'unavailable' },
    { status: [409], verdict: 'outcome_unknown', reason: 'unknown' },
  ];
  const error_code = { json: '/error' };
  test.each([
    [
      { status: 200, body: 'ERR 7' },
      { kind: 'rejected', reason: 'invalid_recipient', carrierCode: 'http_200' },
    ],
    [
      { status: 200, body: { error: 'credit' } },
      { kind: 'failed', reason: 'insufficient_credit', carrierCode: 'credit' },
    ],
    [
      { status: 400, body: { error: 2 } },
      { kind: 'failed', reason: 'insufficient_credit', carrierCode: '2' },
    ],
    [
      { status: 400, body: { error: '2' } },
      { kind: 'rejected', reason: 'unknown', carrierCode: '2' },
    ],
    [
      { status: 503, body: '' },
      { kind: 'failed', reason: 'unavailable', carrierCode: 'http_503' },
    ],
    [
      { status: 409, body: '' },
      { kind: 'outcome_unknown', reason: 'unknown', carrierCode: 'http_409' },
    ],
    [
      { status: 502, body: '' },
      { kind: 'outcome_unknown', reason: 'unreadable_answer', carrierCode: 'http_502' },
    ],
  ])('%o by the list of failures', async (answer, verdict) => {
    expect(await sendTo({ failures, error_code }, answer)).toEqual(verdict);
  });
});

const receipts = {
  method: 'POST',
  provider_id: { json: '/id' },
  reference: { json: '/ref' },
  status: { json: '/status' },
  code: { json: '/err' },
  statuses: { '1': 'delivered', '2': { status: 'undelivered', reason: 'unreachable_recipient' }, '3': 'expired' },
};
const token = (place: 'query' | 'header') => ({
  token: { in: place, name: 'X-Token', secrets: [SECRET, 'the-one-before-it-of-24-ch'] },
});

describe('receipts', () => {
  const take = async (config: object, call: Parameters<typeof callback>[1]) => {
    const { provider } = await open({ receipts, callback_auth: token('header'), ...config });
    return provider.callbacks?.receipts?.(callback('receipts', { headers: { 'x-token': SECRET }, ...call }));
  };
  const json = (members: object) => ({ body: JSON.stringify(members) });

  test.each([
    [
      { id: 7, ref: REFERENCE, status: 1, err: '000' },
      { providerId: '7', reference: REFERENCE, status: 'delivered' },
    ],
    [
      { id: 'a', status: '2', err: 27 },
      { providerId: 'a', status: 'undelivered', reason: 'unreachable_recipient', carrierCode: '27' },
    ],
    [
      { id: 'a', status: '3' },
      { providerId: 'a', status: 'expired', reason: 'expired', carrierCode: '3' },
    ],
    [
      { id: 'a', status: '99' },
      { providerId: 'a', status: 'unknown' },
    ],
    [
      { id: 'a', status: 'constructor' },
      { providerId: 'a', status: 'unknown' },
    ],
  ])('%o', async (members, receipt) => {
    expect(await take({}, json(members))).toEqual({ kind: 'taken', receipts: [receipt] });
  });

  test.each([
    ['a form', { id: { form: 'i' }, status: { form: 's' } }, { body: 'i=7&s=1' }],
    ['a query', { id: { query: 'i' }, status: { query: 's' } }, { url: `${callbackUrl('receipts')}?i=7&s=1` }],
  ])('are read from %s', async (_, places, call) => {
    const config = {
      ...receipts,
      provider_id: places.id,
      reference: undefined,
      code: undefined,
      status: places.status,
    };
    expect(await take({ receipts: config }, call)).toMatchObject({
      receipts: [{ providerId: '7', status: 'delivered' }],
    });
  });

  test('are answered as the gateway expects', async () => {
    const answer = { body: 'ACK' };
    expect(await take({ receipts: { ...receipts, answer } }, json({ id: 'a', status: 1 }))).toMatchObject({
      answer: { status: 200, contentType: 'text/plain', body: 'ACK' },
    });
  });

  test.each([
    ['without a status', json({ id: 'a' })],
    ['without any id', json({ status: 1 })],
    ['by another method', { ...json({ id: 'a', status: 1 }), method: 'GET' as const }],
    ['that are not JSON', { body: '<html>' }],
  ])('%s are unreadable', async (_, call) => {
    expect(await take({}, call)).toMatchObject({ kind: 'unreadable' });
  });

  test('whatever comes is answered', async () => {
    const { provider } = await open({ receipts, callback_auth: token('header') });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), fc.boolean(), async (body, signed) => {
        const headers = { ...(signed && { 'x-token': SECRET }) };
        const result = await provider.callbacks?.receipts?.(callback('receipts', { body, headers }));
        expect(result?.kind).toMatch(signed ? /^(taken|unreadable)$/ : /^unauthenticated$/);
      }),
    );
  });
});

describe('authentication of callbacks', () => {
  const body = JSON.stringify({ id: 'a', status: 1 });
  const judge = async (callback_auth: object, call: Parameters<typeof callback>[1]) => {
    const { provider } = await open({ receipts, callback_auth });
    return (await provider.callbacks?.receipts?.(callback('receipts', { body, ...call })))?.kind;
  };

  test('by a token in a header or in the URL; the one being replaced counts as well', async () => {
    const url = (secret: string) => `${callbackUrl('receipts')}?X-Token=${secret}`;
    for (const secret of [SECRET, 'the-one-before-it-of-24-ch']) {
      expect(await judge(token('header'), { headers: { 'x-token': secret } })).toBe('taken');
      expect(await judge(token('query'), { url: url(secret) })).toBe('taken');
    }
    expect(await judge(token('header'), { url: url(SECRET) })).toBe('unauthenticated');
    expect(await judge(token('query'), { headers: { 'x-token': SECRET } })).toBe('unauthenticated');
    expect(await judge(token('query'), { url: `${url(SECRET)}&X-Token=${SECRET}` })).toBe('unauthenticated');
    expect(await judge(token('query'), { url: url('') })).toBe('unauthenticated');
    expect(await judge(token('header'), { headers: { 'x-token': `${SECRET}x` } })).toBe('unauthenticated');
  });

  test.each([
    ['sha1', 'hex', ''],
    ['sha256', 'hex', 'sha256='],
    ['sha512', 'base64', ''],
  ] as const)('by an HMAC: %s in %s after %j', async (algorithm, encoding, prefix) => {
    const auth = { hmac: { header: 'X-Signature', algorithm, encoding, secrets: [SECRET], ...(prefix && { prefix }) } };
    const sign = (text: string, secret = SECRET) =>
      prefix + createHmac(algorithm, secret).update(text).digest(encoding);
    expect(await judge(auth, { headers: { 'x-signature': sign(body) } })).toBe('taken');
    expect(await judge(auth, { headers: { 'x-signature': sign(`${body} `) } })).toBe('unauthenticated');
    expect(await judge(auth, { headers: { 'x-signature': sign(body, 'another-secret-of-24-chars') } })).toBe(
      'unauthenticated',
    );
    expect(await judge(auth, {})).toBe('unauthenticated');
  });
});

describe('inbound', () => {
  const take = async (inbound: object, call: Parameters<typeof callback>[1]) => {
    const { provider } = await open({ inbound, callback_auth: token('header') });
    return provider.callbacks?.inbound?.(callback('inbound', { headers: { 'x-token': SECRET }, ...call }));
  };
  const places = { method: 'POST', from: { form: 'from' }, to: { form: 'to' }, text: { form: 'text' } };

  test('a message is taken, and is the same one when told twice without an id', async () => {
    const first = await take(places, { body: 'from=33612345678&to=36000&text=Stop' });
    expect(first).toEqual({
      kind: 'taken',
      inbound: [
        {
          providerId: expect.stringMatching(/^.{43}$/),
          channel: 'sms',
          from: '+33612345678',
          to: '36000',
          text: 'Stop',
        },
      ],
    });
    expect(await take(places, { body: 'from=33612345678&to=36000&text=Stop' })).toEqual(first);
    expect(await take(places, { body: 'from=33612345678&to=36000&text=stop' })).not.toEqual(first);
    expect(await take({ ...places, provider_id: { form: 'id' } }, { body: 'id=7&from=1&to=2' })).toMatchObject({
      inbound: [{ providerId: '7', text: '' }],
    });
  });

  test.each([
    ['0', '611b65', 'a€'],
    ['8', '043ad83ddd11', 'к🔑'],
    ['3', '61e9', 'aé'],
  ])('octets of data_coding %s are decoded', async (coding, hex, text) => {
    const { text: _, ...rest } = places;
    const octets = { hex: { form: 'hex' }, data_coding: { form: 'coding' } };
    const result = await take({ ...rest, octets }, { body: `from=1&to=2&hex=${hex}&coding=${coding}` });
    expect(result).toMatchObject({ inbound: [{ text }] });
    expect(await take({ ...rest, octets }, { body: 'from=1&to=2&hex=xyz&coding=0' })).toMatchObject({
      kind: 'unreadable',
    });
  });
});

describe('configuration', () => {
  const request = { method: 'POST', url: 'https://gw.example.com/send' };
  const auth = token('query');
  const hmac = { hmac: { header: 'X-S', algorithm: 'sha256', encoding: 'hex', secrets: [SECRET] } };
  const inbound = { method: 'POST', from: { form: 'f' }, to: { form: 't' }, text: { form: 'x' } };
  test.each<[object, string]>([
    [
      { request: { ...request, query: { to: '{{too}}' } } },
      '/request/query/to there is no variable too; did you mean {{to}}?',
    ],
    [{ request: { ...request, body: { json: { 'a/b': ['{{constructor}}'] } } } }, '/request/body/json/a~1b/0'],
    [{ request: { ...request, body: { form: { a: '{{text' } } } }, '/request/body/form/a {{ has no }}'],
    [{ request: { ...request, headers: { 'X-A': '{{text.length}}' } } }, '/request/headers/X-A only the name'],
    [
      { request: { ...request, url: 'https://{{to}}.example.com/' } },
      '/request/url must be a URL whose host has no variables',
    ],
    [{ request: { ...request, url: 'https://gw.example.com{{to}}' } }, '/request/url must be a URL whose host'],
    [{ request: { ...request, url: 'https://user:pw@gw.example.com/' } }, '/request/url must be a URL whose host'],
    [{ request: { ...request, url: 'http://gw.example.com/' } }, '/request/url must begin with https://'],
    [{ request: { ...request, method: 'GET', body: { form: {} } } }, '/request/body goes with POST or PUT only'],
    [{ request, provider_id: { body: 'id=\\d+' } }, '/provider_id/body must have a group'],
    [{ request, provider_id: { body: '(' } }, '/provider_id/body is not a regular expression'],
    [{ request, success: { body: '[' } }, '/success/body is not a regular expression'],
    [{ request, failures: [{ verdict: 'failed', reason: 'unknown' }] }, '/failures/0 must name a status'],
    [{ request, failures: [{ status: [400], verdict: 'failed', reason: 'bad luck' }] }, '/failures/0/reason'],
    [{ request, receipts }, '/callback_auth is required'],
    [{ request, inbound }, '/callback_auth is required'],
    [
      { request, receipts: { ...receipts, provider_id: undefined, reference: undefined }, callback_auth: auth },
      '/receipts must say where',
    ],
    [{ request, receipts: { ...receipts, statuses: { a: 'arrived' } }, callback_auth: auth }, '/receipts/statuses/a'],
    [
      { request, inbound: { ...inbound, text: undefined }, callback_auth: auth },
      '/inbound must say where text or octets',
    ],
    [{ request, receipts: { ...receipts, method: 'GET' }, callback_auth: hmac }, '/receipts/method must be POST'],
    [{ request, inbound: { ...inbound, to: { query: 't' } }, callback_auth: hmac }, '/inbound must read from the body'],
    [{ request, callback_auth: { token: { in: 'query', name: 't', secrets: ['short'] } } }, '/callback_auth'],
    [{ request, retries: 3 }, '/retries is not known'],
  ])('%o is refused', async (config, message) => {
    await expect(makeProvider(http, config)).rejects.toThrow(message);
  });

  test('plain http goes to this host, or where it is allowed', async () => {
    await makeProvider(http, { request: { ...request, url: 'http://127.0.0.1/x' } });
    await makeProvider(http, { request: { ...request, url: 'http://gw.internal/x' }, allow_plain_http: true });
  });
});
