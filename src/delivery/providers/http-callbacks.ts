import { createHash, createHmac } from 'node:crypto';
import { decodeGsm7 } from '../../lib/text/gsm7.ts';
import { decodeLatin1 } from '../../lib/text/latin1.ts';
import { decodeUcs2 } from '../../lib/text/ucs2.ts';
import type { CallbackAnswer, CallbackRequest, CallbackResult } from '../provider.ts';
import type { CallPlace, HttpConfig } from './http-schema.ts';
import { readReference, withPlus } from './support/address.ts';
import { defined } from './support/defined.ts';
import type { ConfigProblem } from './support/http-members.ts';
import { followPointer } from './support/json-pointer.ts';
import { lookUp } from './support/look-up.ts';
import { parseJson, readId, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { sameAsAny } from './support/same-secret.ts';

type CallbackAuth = NonNullable<HttpConfig['callback_auth']>;
type Receipts = NonNullable<HttpConfig['receipts']>;
type Inbound = NonNullable<HttpConfig['inbound']>;

/** Why it is not authentic; null when it is. */
export function refuseCallback({ query, headers, body }: CallbackRequest, auth: CallbackAuth): string | null {
  if ('token' in auth) {
    const { in: place, name, secrets } = auth.token;
    const given = place === 'query' ? query.getAll(name) : [headers[name.toLowerCase()]];
    return given.length === 1 && sameAsAny(given[0], secrets) ? null : `no or a wrong token in the ${place}`;
  }
  const { header, algorithm, encoding, prefix = '', secrets } = auth.hmac;
  const signatures = secrets.map((secret) => prefix + createHmac(algorithm, secret).update(body).digest(encoding));
  return sameAsAny(headers[header.toLowerCase()], signatures) ? null : 'the signature is missing or does not fit';
}

/** The callback URL as the gateway is told it: with the token where that is its place. */
export function withCallbackToken(url: string, auth: CallbackAuth | undefined): string {
  if (!auth || !('token' in auth) || auth.token.in !== 'query') return url;
  const tokened = new URL(url);
  tokened.searchParams.set(auth.token.name, auth.token.secrets[0] ?? '');
  return tokened.href;
}

/** Each part of a call is parsed once, when it is first asked for. */
function readerOf({ query, body }: CallbackRequest) {
  let form: URLSearchParams | undefined;
  let json: { value: unknown } | undefined;
  return (place: CallPlace | undefined): string | undefined => {
    if (place === undefined) return undefined;
    if ('query' in place) return readText(query.get(place.query));
    if ('form' in place) {
      form ??= new URLSearchParams(body.toString());
      return readText(form.get(place.form));
    }
    json ??= { value: parseJson(body) };
    return readText(followPointer(json.value, place.json));
  };
}

const toAnswer = (answer: Receipts['answer']): { answer?: CallbackAnswer } =>
  answer ? { answer: { status: answer.status, contentType: answer.content_type, body: answer.body } } : {};

export function readReceipt(request: CallbackRequest, config: Receipts): CallbackResult {
  if (request.method !== config.method) return { kind: 'unreadable', why: `not a ${config.method}` };
  const read = readerOf(request);
  const told = read(config.status);
  const facts = { providerId: readId(read(config.provider_id)), reference: readReference(read(config.reference)) };
  if (told === undefined) return { kind: 'unreadable', why: 'no status' };
  if (facts.providerId === undefined && facts.reference === undefined) return { kind: 'unreadable', why: 'no id' };
  const entry = lookUp(config.statuses, told) ?? 'unknown';
  const { status, reason } = typeof entry === 'string' ? { status: entry, reason: undefined } : entry;
  const receipt = receiptOf(status, facts, reason, read(config.code) ?? told);
  return { kind: 'taken', receipts: [receipt], ...toAnswer(config.answer) };
}

export function readInbound(request: CallbackRequest, config: Inbound): CallbackResult {
  if (request.method !== config.method) return { kind: 'unreadable', why: `not a ${config.method}` };
  const read = readerOf(request);
  const [from, to] = [read(config.from), read(config.to)];
  // An empty text is a message too.
  const text = config.octets
    ? decode(read(config.octets.hex), read(config.octets.data_coding))
    : (read(config.text) ?? '');
  if (from === undefined || to === undefined) return { kind: 'unreadable', why: 'no sender or recipient' };
  if (text === null) return { kind: 'unreadable', why: 'the octets are not hexadecimal' };
  // Without an id, what is the same in all it says is the same message told again.
  const providerId = readId(read(config.provider_id)) ?? hash(request);
  const message = { providerId, channel: 'sms' as const, from: withPlus(from), to: withPlus(to), text };
  return defined({ kind: 'taken' as const, inbound: [message], ...toAnswer(config.answer) });
}

/** SMPP 3.4 §5.2.19, the codings that messages from phones have. */
function decode(hex: string | undefined, dataCoding: string | undefined): string | null {
  const octets = Buffer.from(hex ?? '', 'hex');
  if (octets.length * 2 !== (hex ?? '').length) return null;
  if (dataCoding === '8') return decodeUcs2(octets);
  return dataCoding === undefined || dataCoding === '0' ? decodeGsm7(octets) : decodeLatin1(octets);
}

function hash({ url, body }: CallbackRequest): string {
  return createHash('sha256').update(new URL(url).search).update('\n').update(body).digest('base64url');
}

export function checkCallbacks({ receipts, inbound, callback_auth }: HttpConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if ((receipts || inbound) && !callback_auth) {
    problems.push({ pointer: '/callback_auth', message: 'is required: anybody could call back' });
  }
  if (receipts && !receipts.provider_id && !receipts.reference) {
    problems.push({ pointer: '/receipts', message: 'must say where provider_id or reference is' });
  }
  if (inbound && !inbound.text === !inbound.octets) {
    problems.push({ pointer: '/inbound', message: 'must say where text or octets is: one of the two' });
  }
  const signsGet = callback_auth && 'hmac' in callback_auth;
  for (const [name, callback] of [
    ['receipts', receipts],
    ['inbound', inbound],
  ] as const) {
    if (signsGet && callback?.method === 'GET') {
      problems.push({
        pointer: `/${name}/method`,
        message: 'must be POST: a signature over the body says nothing of a query',
      });
    }
    const inQuery = Object.values(callback ?? {}).some((place) => typeof place === 'object' && 'query' in place);
    if (signsGet && callback?.method === 'POST' && inQuery) {
      problems.push({
        pointer: `/${name}`,
        message: 'must read from the body: the signature does not cover the query',
      });
    }
  }
  return problems;
}
