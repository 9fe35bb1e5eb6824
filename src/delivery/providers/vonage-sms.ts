import type {
  CallbackRequest,
  CallbackResult,
  OutboundMessage,
  Provider,
  ProviderDeps,
  SendVerdict,
} from '../provider.ts';
import { readReference, withoutPlus, withPlus } from './support/address.ts';
import { type CallbackToken, refuseToken, withToken } from './support/callback-token.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { clamp } from './support/clamp.ts';
import { defined } from './support/defined.ts';
import { basicAuth, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readMccMnc, readPrice, readTime } from './support/read-facts.ts';
import { parseJson, readId, readList, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { smsText } from './support/sms-text.ts';
import {
  type HttpAnswer,
  outcomeUnknown,
  rejected,
  verdictByCode,
  verdictByStatus,
  verdictWithoutAnswer,
} from './support/verdict.ts';
import { VONAGE_SMS_INTERNAL_ERROR, vonageSmsErrors, vonageSmsReasons, vonageSmsStatuses } from './vonage-codes.ts';
import { refuseSignedMembers, type SignatureMethod, signMembers } from './vonage-signature.ts';

export interface VonageSmsConfig {
  base_url: string;
  timeout_ms: number;
  api_key: string;
  /** Without it requests are signed. */
  api_secret?: string | undefined;
  signature_secrets?: readonly string[] | undefined;
  signature_method: SignatureMethod;
  callback_token?: CallbackToken | undefined;
}

const MIN_TTL_SECONDS = 20;
const MAX_TTL_SECONDS = 604_800;
/** Vonage bills in euros. */
const CURRENCY = 'EUR';

/** Vonage SMS API (developer.vonage.com/en/api/sms), the older one. */
export function createVonageSms(config: VonageSmsConfig, deps: ProviderDeps): Provider {
  const { name, http, callbackUrl, now } = deps;
  const { callback_token, signature_secrets, signature_method } = config;
  const authenticates = signature_secrets !== undefined || callback_token !== undefined;
  const receiptUrl = authenticates ? callbackUrl('receipts') : null;
  const tokenedUrl =
    receiptUrl === null || callback_token === undefined ? receiptUrl : withToken(receiptUrl, callback_token);

  async function send(message: OutboundMessage, signal: AbortSignal): Promise<SendVerdict> {
    const outcome = await http.send({
      method: 'POST',
      url: urlOf(config.base_url, '/sms/json'),
      ...authenticate(toMembers(message, tokenedUrl), config, now()),
      timeoutMs: config.timeout_ms,
      signal,
    });
    return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
  }

  function handle(read: (members: Members) => CallbackResult) {
    return async (request: CallbackRequest): Promise<CallbackResult> => {
      const members = readMembers(request);
      const why =
        signature_secrets === undefined
          ? refuseToken(request, callback_token ?? [])
          : refuseSignedMembers(members, signature_method, signature_secrets, request.now);
      return why === null ? read(members) : { kind: 'unauthenticated', why };
    };
  }

  const callbacks = { receipts: handle(readReceipt), inbound: handle(readInbound) };
  return { name, channels: ['sms'], send, ...(authenticates && { callbacks }) };
}

type Members = Readonly<Record<string, string>>;

function toMembers(message: OutboundMessage, receiptUrl: string | null): Members {
  const { text, unicode } = smsText(message);
  return {
    from: withoutPlus(message.from),
    to: withoutPlus(message.to),
    text,
    type: unicode ? 'unicode' : 'text',
    ttl: String(clamp(message.validitySeconds, MIN_TTL_SECONDS, MAX_TTL_SECONDS) * 1_000),
    'client-ref': message.reference,
    'status-report-req': receiptUrl === null ? '0' : '1',
    ...(receiptUrl !== null && { callback: receiptUrl }),
  };
}

function authenticate(members: Members, config: VonageSmsConfig, now: number) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const { api_key, api_secret, signature_secrets, signature_method } = config;
  if (api_secret !== undefined) {
    const authorization = basicAuth(api_key, api_secret);
    return { headers: { ...headers, authorization }, body: new URLSearchParams(members).toString() };
  }
  const timed = { ...members, api_key, timestamp: String(Math.floor(now / 1_000)) };
  const sig = signMembers(timed, signature_method, signature_secrets?.[0] ?? '');
  return { headers, body: new URLSearchParams({ ...timed, sig }).toString() };
}

/** Each part of a long message has an id, a price and a status of its own. */
function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const parts = readList(readObject(parseJson(answer.body)).messages).map(readObject);
  const codes = parts.map((part) => readCarrierCode(part.status));
  if (answer.status >= 300 || parts.length === 0 || codes.includes(undefined)) return verdictByStatus(answer, now);
  const refused = codes.find((code) => code !== '0');
  if (refused === undefined) {
    const ids = parts.flatMap((part) => readId(part['message-id']) ?? []);
    const [providerId] = ids;
    if (providerId === undefined || ids.length < parts.length) return verdictByStatus(answer, now);
    const total = parts.reduce((sum, part) => sum + Number(part['message-price']), 0);
    const price = readPrice(Number(total.toFixed(8)), CURRENCY);
    const partIds = ids.length > 1 ? ids : undefined;
    return defined({ kind: 'accepted' as const, providerId, partIds, price, mccMnc: readMccMnc(parts[0]?.network) });
  }
  // Some parts went out, or nobody knows.
  if (codes.includes('0') || codes.includes(VONAGE_SMS_INTERNAL_ERROR)) {
    return outcomeUnknown('unreadable_answer', refused);
  }
  return verdictByCode(vonageSmsErrors, refused) ?? rejected('unknown', refused);
}

/** As the account is set: in the query, as a form or as JSON. */
function readMembers({ method, query, body }: CallbackRequest): Members {
  if (method === 'GET') return Object.fromEntries(query);
  const text = body.toString('utf8');
  if (!text.trimStart().startsWith('{')) return Object.fromEntries(new URLSearchParams(text));
  const members = Object.entries(readObject(parseJson(text)));
  return Object.fromEntries(members.flatMap(([name, value]) => (isScalar(value) ? [[name, String(value)]] : [])));
}

const isScalar = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);

function readReceipt(members: Members): CallbackResult {
  const providerId = readId(members.messageId);
  if (providerId === undefined || !members.status) return { kind: 'unreadable', why: 'no messageId or no status' };
  const facts = {
    providerId,
    reference: readReference(members['client-ref']),
    at: readTime(members['message-timestamp']),
    price: readPrice(members.price, CURRENCY),
    mccMnc: readMccMnc(members['network-code']),
  };
  const code = readCarrierCode(members['err-code']);
  const status = lookUp(vonageSmsStatuses, members.status) ?? 'unknown';
  return { kind: 'taken', receipts: [receiptOf(status, facts, lookUp(vonageSmsReasons, code), code)] };
}

/** The parts of a long message come one by one and are taken so; a binary message has no text. */
function readInbound(members: Members): CallbackResult {
  const providerId = readId(members.messageId);
  const from = readText(members.msisdn);
  const { to, text } = members;
  if (providerId === undefined || from === undefined || !to) {
    return { kind: 'unreadable', why: 'no messageId, msisdn or to' };
  }
  if (text === undefined) return { kind: 'taken' };
  const at = readTime(members['message-timestamp']);
  const common = { providerId, channel: 'sms' as const, text, at };
  return { kind: 'taken', inbound: [defined({ ...common, from: withPlus(from), to: withPlus(to) })] };
}
