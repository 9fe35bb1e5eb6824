import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { CallbackKind } from '../../../src/delivery/provider.ts';
import { http } from '../../../src/delivery/providers/http.ts';
import { type CarrierRequest, type CarrierResponse, openCarrierFake } from './carrier-fake.ts';
import { callback, callbackUrl, makeProvider, outbound } from './provider-rig.ts';

const signal = new AbortController().signal;
const REFERENCE = outbound().reference;
const secrets: Record<string, string> = {
  KANNEL_USERNAME: 'countersign',
  KANNEL_PASSWORD: 'kannel&pass',
  KANNEL_CALLBACK_TOKEN: 'kannel-callback-token-01',
  JASMIN_USERNAME: 'countersign',
  JASMIN_PASSWORD: 'jasmin&pass',
  JASMIN_CALLBACK_TOKEN: 'jasmin-callback-token-01',
};

/** The example as it stands in the guides, at the fake's address. */
async function open(name: 'kannel' | 'jasmin', api: (request: CarrierRequest) => CarrierResponse) {
  const carrier = await openCarrierFake(api);
  const text = readFileSync(new URL(`../../../docs/guides/gateways/${name}.yaml`, import.meta.url), 'utf8')
    .replace(/\$\{(\w+)\}/g, (_, variable) => secrets[variable] ?? '')
    .replace(/http:\/\/127\.0\.0\.1:\d+/, carrier.url);
  const { type, ...config } = parse(text);
  expect(type).toBe('http');
  const provider = await makeProvider(http, config);
  return { carrier, provider };
}

/** "Using the HTTP interface to send SMS messages", Kannel User's Guide; words and statuses as 1.4.5 has them. */
function kannel({ method, path, query }: CarrierRequest): CarrierResponse {
  const refuse = (status: number, body: string) => ({ status, body });
  if (path !== '/cgi-bin/sendsms' || method !== 'GET') return refuse(404, 'Unknown request.');
  if (query.get('username') !== 'countersign' || query.get('password') !== 'kannel&pass') {
    return refuse(403, 'Authorization failed for sendsms');
  }
  if (!query.get('to')) return refuse(400, 'Missing receiver number, rejected');
  if (!/^\+?\d+$/.test(query.get('to') ?? '')) {
    return refuse(400, 'Number(s) has/have been denied by white- and/or black-lists.');
  }
  if (!query.get('from')) return refuse(400, 'Sender missing and no global set, rejected');
  if (!['0', '1', '2'].includes(query.get('coding') ?? '0')) return refuse(400, 'Wrong coding, rejected');
  return { status: 202, body: '0: Accepted for delivery' };
}

describe('Kannel', () => {
  test('a message is sent as sendsms takes it; its reports will carry our reference', async () => {
    const { carrier, provider } = await open('kannel', kannel);
    expect(await provider.send(outbound(), signal)).toEqual({ kind: 'accepted', providerId: REFERENCE });
    expect(Object.fromEntries(carrier.requests[0]?.query ?? [])).toEqual({
      username: 'countersign',
      password: 'kannel&pass',
      from: 'Example',
      to: '+33612345678',
      text: 'Your Example code is 123456.',
      charset: 'UTF-8',
      coding: '0',
      validity: '10',
      'dlr-mask': '31',
      'dlr-url': `${callbackUrl('receipts')}?token=kannel-callback-token-01&ref=${REFERENCE}&status=%d`,
    });
  });

  test('what GSM 7 bit has not goes as UCS-2', async () => {
    const { carrier, provider } = await open('kannel', kannel);
    await provider.send(outbound({ text: 'Код 🔑' }), signal);
    const { query } = carrier.requests[0] ?? {};
    expect([query?.get('coding'), query?.get('text')]).toEqual(['2', 'Код 🔑']);
  });

  test.each([
    [{ to: 'nobody' }, 'rejected', 'invalid_recipient'],
    [{ from: '' }, 'failed', 'sender_refused'],
  ])('%o is refused', async (over, kind, reason) => {
    const { provider } = await open('kannel', kannel);
    expect(await provider.send(outbound(over), signal)).toMatchObject({ kind, reason });
  });

  test.each([
    [202, '3: Queued for later delivery', 'accepted', undefined],
    [403, 'Authorization failed for sendsms', 'failed', 'authentication_failed'],
    [503, 'Temporal failure, try again later.', 'outcome_unknown', 'unavailable'],
    [202, 'something else', 'outcome_unknown', 'unreadable_answer'],
  ])('%i %s', async (status, body, kind, reason) => {
    const { carrier, provider } = await open('kannel', kannel);
    carrier.next({ status, body });
    expect(await provider.send(outbound(), signal)).toMatchObject({ kind, ...(reason && { reason }) });
  });

  test.each([
    ['1', 'delivered', undefined],
    ['2', 'undelivered', 'unknown'],
    ['4', 'buffered', undefined],
    ['8', 'sent', undefined],
    ['16', 'rejected', 'unknown'],
  ])('a report with %%d = %s', async (value, status, reason) => {
    const { carrier, provider } = await open('kannel', kannel);
    await provider.send(outbound(), signal);
    // As Kannel does: what it was told, with %d filled in.
    const url = (carrier.requests[0]?.query.get('dlr-url') ?? '').replace('%d', value);
    expect(await provider.callbacks?.receipts?.(callback('receipts', { method: 'GET', url }))).toEqual({
      kind: 'taken',
      receipts: [{ reference: REFERENCE, status, ...(reason && { reason, carrierCode: value }) }],
    });
    const forged = url.replace('token-01', 'token-02');
    const judged = await provider.callbacks?.receipts?.(callback('receipts', { method: 'GET', url: forged }));
    expect(judged).toMatchObject({ kind: 'unauthenticated' });
  });

  test('a reply', async () => {
    const { provider } = await open('kannel', kannel);
    const url = `${callbackUrl('inbound')}?token=kannel-callback-token-01&id=fe777407-a27c-4759&from=33612345678&to=4400&text=h%C3%A9llo+%E2%82%AC`;
    expect(await provider.callbacks?.inbound?.(callback('inbound', { method: 'GET', url }))).toEqual({
      kind: 'taken',
      inbound: [
        { providerId: 'fe777407-a27c-4759', channel: 'sms', from: '+33612345678', to: '4400', text: 'héllo €' },
      ],
    });
  });
});

const JASMIN_ID = '07033084-5cfd-4812-90a4-e4d24ffb6e3d';

/** docs.jasminsms.com, "HTTP API". */
function jasmin({ method, path, headers, body }: CarrierRequest): CarrierResponse {
  const refuse = (status: number, why: string) => ({ status, body: `Error "${why}"` });
  if (method !== 'POST' || path !== '/send') return { status: 404, body: 'No Such Resource' };
  if (headers['content-type'] !== 'application/x-www-form-urlencoded')
    return refuse(400, 'Mandatory arguments not found');
  const form = new URLSearchParams(body);
  for (const name of ['username', 'password', 'to']) {
    if (!form.get(name)) return refuse(400, `Mandatory argument ${name} is not found.`);
  }
  if (form.get('username') !== 'countersign' || form.get('password') !== 'jasmin&pass') {
    return refuse(403, `Authentication failure for username:${form.get('username')}`);
  }
  const invalid = [
    ['to', /^\+?\d+$/],
    ['coding', /^(\d|1[034])$/],
    ['hex-content', /^([0-9a-f]{2})*$/],
    ['validity-period', /^\d+$/],
    ['dlr', /^(yes|no)$/],
    ['dlr-level', /^[123]$/],
    ['dlr-method', /^(GET|POST)$/],
    ['dlr-url', /^https?:\/\//],
  ].find(([name, pattern]) => !(pattern as RegExp).test(form.get(name as string) ?? ''));
  if (invalid) return refuse(400, `Argument ${invalid[0]} has an invalid value: _.`);
  return { status: 200, body: `Success "${JASMIN_ID}"` };
}

describe('Jasmin', () => {
  test('a message is sent as the API takes it', async () => {
    const { carrier, provider } = await open('jasmin', jasmin);
    expect(await provider.send(outbound({ text: 'a€' }), signal)).toEqual({ kind: 'accepted', providerId: JASMIN_ID });
    expect(Object.fromEntries(new URLSearchParams(carrier.requests[0]?.body))).toEqual({
      username: 'countersign',
      password: 'jasmin&pass',
      to: '33612345678',
      from: 'Example',
      coding: '0',
      'hex-content': '611b65',
      'validity-period': '10',
      dlr: 'yes',
      'dlr-level': '3',
      'dlr-method': 'POST',
      'dlr-url': `${callbackUrl('receipts')}?token=jasmin-callback-token-01`,
    });
  });

  test('what GSM 7 bit has not goes as UCS-2', async () => {
    const { carrier, provider } = await open('jasmin', jasmin);
    await provider.send(outbound({ text: 'к🔑' }), signal);
    const form = new URLSearchParams(carrier.requests[0]?.body);
    expect([form.get('coding'), form.get('hex-content')]).toEqual(['8', '043ad83ddd11']);
  });

  test.each([
    [400, 'Argument to has an invalid value: _.', 'rejected', 'invalid_message'],
    [403, 'Authentication failure for username:countersign', 'failed', 'authentication_failed'],
    [403, 'Authorization failed for username:countersign', 'failed', 'misconfigured'],
    [403, 'Cannot charge submit_sm, check RouterPB log file for details', 'failed', 'insufficient_credit'],
    [412, 'No route found', 'failed', 'destination_refused'],
    [500, 'Cannot send submit_sm, check SMPPClientManagerPB log file for details', 'failed', 'unavailable'],
    [500, 'something else', 'outcome_unknown', 'unreadable_answer'],
  ])('%i %s', async (status, why, kind, reason) => {
    const { carrier, provider } = await open('jasmin', jasmin);
    carrier.next({ status, body: `Error "${why}"` });
    expect(await provider.send(outbound(), signal)).toEqual({ kind, reason, carrierCode: `http_${status}` });
  });

  const call = async (kind: CallbackKind, form: Record<string, string>, token = 'jasmin-callback-token-01') => {
    const { provider } = await open('jasmin', jasmin);
    const url = `${callbackUrl(kind)}?token=${token}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return provider.callbacks?.[kind]?.(callback(kind, { url, headers, body: new URLSearchParams(form).toString() }));
  };
  const answer = { status: 200, contentType: 'text/plain', body: 'ACK/Jasmin' };

  test.each([
    ['ESME_ROK', '1', 'sent', undefined],
    ['ESME_RINVDSTADR', '1', 'rejected', 'invalid_recipient'],
    ['ESME_RTHROTTLED', '1', 'rejected', 'rate_limited'],
    ['DELIVRD', '2', 'delivered', undefined],
    ['UNDELIV', '2', 'undelivered', 'unknown'],
    ['EXPIRED', '2', 'expired', 'expired'],
    ['REJECTD', '2', 'rejected', 'unknown'],
    ['UNKNOWN', '2', 'unknown', undefined],
    ['ESME_RNEW', '1', 'unknown', undefined],
  ])('a report %s of level %s is answered with exactly ACK/Jasmin', async (message_status, level, status, reason) => {
    const terminal = {
      id_smsc: '2567',
      subdate: '2611221159',
      donedate: '2611221200',
      sub: '001',
      dlvrd: '001',
      err: '027',
    };
    const form = { id: JASMIN_ID, message_status, level, connector: 'demo_cid', ...(level === '2' && terminal) };
    const carrierCode = level === '2' ? '027' : message_status;
    expect(await call('receipts', form)).toEqual({
      kind: 'taken',
      receipts: [{ providerId: JASMIN_ID, status, ...(reason && { reason, carrierCode }) }],
      answer,
    });
    expect(await call('receipts', form, 'jasmin-callback-token-02')).toMatchObject({ kind: 'unauthenticated' });
  });

  test('a reply, in UCS-2 too', async () => {
    const reply = { id: JASMIN_ID, from: '33612345678', to: '36000', 'origin-connector': 'demo_cid', coding: '8' };
    expect(await call('inbound', { ...reply, content: '\u0004:', binary: '043ad83ddd11' })).toEqual({
      kind: 'taken',
      inbound: [{ providerId: JASMIN_ID, channel: 'sms', from: '+33612345678', to: '36000', text: 'к🔑' }],
      answer,
    });
  });
});
