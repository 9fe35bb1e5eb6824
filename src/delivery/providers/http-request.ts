import { parseTemplate } from '../../lib/template.ts';
import { encodeText } from '../../lib/text/encode-text.ts';
import type { OutboundMessage } from '../provider.ts';
import type { HttpConfig } from './http-schema.ts';
import { withoutPlus } from './support/address.ts';
import { type ConfigProblem, isLoopback } from './support/http-members.ts';

/** What a request may say. */
export const VARIABLES = [
  'to',
  'to_digits',
  'from',
  'from_digits',
  'text',
  'text_hex',
  'alphabet',
  'data_coding',
  'subject',
  'html',
  'code',
  'locale',
  'purpose',
  'reference',
  'validity_seconds',
  'validity_minutes',
  'receipts_url',
  'inbound_url',
] as const;

type Variable = (typeof VARIABLES)[number];
export type Values = Readonly<Record<Variable, string>>;
export type CallbackUrls = Readonly<{ receipts_url: string; inbound_url: string }>;

export function valuesOf(message: OutboundMessage, urls: CallbackUrls): Values {
  const { to, from, validitySeconds, smartEncoding } = message;
  const { text, encoding, segments } = encodeText(message.text, { smart: smartEncoding ?? false });
  return {
    ...urls,
    to,
    to_digits: withoutPlus(to),
    from,
    from_digits: withoutPlus(from),
    text,
    // One octet per septet, or UTF-16BE, as SMPP carries it.
    text_hex: Buffer.concat(segments.map(({ octets }) => octets)).toString('hex'),
    // 3GPP TS 23.038 §4: 0 GSM 7 bit, 2 UCS-2; SMPP 3.4 §5.2.19: 0 and 8.
    alphabet: encoding === 'ucs2' ? '2' : '0',
    data_coding: encoding === 'ucs2' ? '8' : '0',
    subject: message.subject ?? '',
    html: message.html ?? '',
    code: message.code ?? '',
    locale: message.locale,
    purpose: message.purpose,
    reference: message.reference,
    validity_seconds: String(validitySeconds),
    validity_minutes: String(Math.max(1, Math.ceil(validitySeconds / 60))),
  };
}

const TAG = /\{\{ *([a-z_]+) *\}\}/g;

/** The template was checked; each value goes in encoded for its place, so that none can leave it. */
function fill(template: string, values: Values, encode: (value: string) => string): string {
  return template.replace(TAG, (tag, name: string) =>
    Object.hasOwn(values, name) ? encode(values[name as Variable]) : tag,
  );
}

const asIs = (value: string) => value;

const ESCAPES = {
  none: asIs,
  url: encodeURIComponent,
  json: (value: string) => JSON.stringify(value).slice(1, -1),
  xml: (value: string) =>
    // XML 1.0 §2.2: other control characters cannot be written at all.
    value
      .replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`)
      .replace(/[^\t\n\r\P{Cc}]|[\ufffe\uffff]/gu, ''),
};

export interface FilledRequest {
  method: 'GET' | 'POST' | 'PUT';
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** A path segment that leads elsewhere, however it is encoded. */
const DOTS = /\/\.\.?(?=[/?#]|$)/;

/** Null when a header or the path would have to carry what it cannot. */
export function fillRequest(
  { method, url, headers = {}, query, body }: HttpConfig['request'],
  values: Values,
): FilledRequest | null {
  const place = fill(url, values, encodeURIComponent);
  if (DOTS.test(place)) return null;
  const target = new URL(place);
  for (const [name, text] of Object.entries(query ?? {})) target.searchParams.append(name, fill(text, values, asIs));
  const filled = Object.entries(headers).map(([name, text]): [string, string] => [
    name.toLowerCase(),
    fill(text, values, asIs),
  ]);
  if (filled.some(([, value]) => !/^[\x20-\x7e]*$/.test(value))) return null;
  const content = body && fillBody(body, values);
  return {
    method,
    url: target.href,
    headers: { ...(content && { 'content-type': content.type }), ...Object.fromEntries(filled) },
    ...(content && { body: content.text }),
  };
}

function fillBody(body: NonNullable<HttpConfig['request']['body']>, values: Values): { type: string; text: string } {
  if ('form' in body) {
    const pairs = Object.entries(body.form).map(([name, text]): [string, string] => [name, fill(text, values, asIs)]);
    return { type: 'application/x-www-form-urlencoded', text: new URLSearchParams(pairs).toString() };
  }
  if ('json' in body) return { type: 'application/json', text: JSON.stringify(fillJson(body.json, values)) };
  return { type: body.content_type, text: fill(body.raw, values, ESCAPES[body.escape]) };
}

function fillJson(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return fill(value, values, asIs);
  if (Array.isArray(value)) return value.map((item) => fillJson(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fillJson(member, values)]));
}

/** Every template of a request with its place, a JSON pointer. */
function templatesOf({ url, headers, query, body }: HttpConfig['request']): [pointer: string, text: string][] {
  return [
    ['/request/url', url],
    ...leaves('/request/headers', headers),
    ...leaves('/request/query', query),
    ...leaves('/request/body', body && 'raw' in body ? { raw: body.raw } : body),
  ];
}

function leaves(pointer: string, value: unknown): [string, string][] {
  if (typeof value === 'string') return [[pointer, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    leaves(`${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, member),
  );
}

export function checkRequest({ request, allow_plain_http }: HttpConfig): ConfigProblem[] {
  const problems = templatesOf(request).flatMap(([pointer, text]) => checkTemplate(pointer, text));
  if (request.method === 'GET' && request.body) {
    problems.push({ pointer: '/request/body', message: 'goes with POST or PUT only' });
  }
  return problems.length > 0 ? problems : checkUrl(request.url, allow_plain_http);
}

function checkTemplate(pointer: string, text: string): ConfigProblem[] {
  // Constants may be anything, also what no template for a phone may be: empty, or many lines.
  if (!/\{\{|\}\}/.test(text)) return [];
  const parsed = parseTemplate(text, { variables: VARIABLES, maxLength: 4_000 });
  if (parsed.kind === 'ok') return [];
  return parsed.errors.map(({ message, suggestion }) => ({
    pointer,
    message: suggestion === undefined ? message : `${message}; did you mean ${suggestion}?`,
  }));
}

/** Where it goes is fixed: variables may stand behind the host only. */
function checkUrl(url: string, allowPlainHttp: boolean): ConfigProblem[] {
  const refuse = (message: string) => [{ pointer: '/request/url', message }];
  const origin = /^https?:\/\/[^/?#{}@\s]+(?=[/?#]|$)/.exec(url)?.[0];
  if (origin === undefined || !URL.canParse(origin))
    return refuse('must be a URL whose host has no variables, user or password');
  const { protocol, hostname } = new URL(origin);
  const safe = protocol === 'https:' || isLoopback(hostname) || allowPlainHttp;
  return safe ? [] : refuse('must begin with https://, unless allow_plain_http is true');
}

/** Which of the callback URLs a request uses. */
export function usesUrl(request: HttpConfig['request'], name: keyof CallbackUrls): boolean {
  return templatesOf(request).some(([, text]) =>
    Array.from(text.matchAll(TAG), ([, variable]) => variable).includes(name),
  );
}
