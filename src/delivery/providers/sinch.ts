import { type Static, Type } from 'typebox';
import type {
  CallbackRequest,
  CallbackResult,
  InboundMessage,
  OutboundMessage,
  Provider,
  ProviderReceipt,
  ProviderType,
  SendVerdict,
} from '../provider.ts';
import { sinchErrors, sinchReasons, sinchStatuses } from './sinch-codes.ts';
import { refuseBasicAuth, refuseSinchSignature } from './sinch-signature.ts';
import { isNumber, readReference, withPlus } from './support/address.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { clamp } from './support/clamp.ts';
import { defined } from './support/defined.ts';
import { type ConfigProblem, checkBaseUrl, httpMembers, secretList, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readMccMnc, readTime } from './support/read-facts.ts';
import { type Json, parseJson, readId, readList, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { smsText } from './support/sms-text.ts';
import { type HttpAnswer, verdictByCode, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';

const credentials = Type.Object(
  { user: Type.String({ minLength: 1, pattern: '^[^:]+$' }), password: Type.String({ minLength: 16 }) },
  { additionalProperties: false },
);

const schema = Type.Object(
  {
    ...httpMembers('https://us.sms.api.sinch.com'),
    service_plan_id: Type.String({ pattern: '^[A-Za-z0-9_-]{8,64}$' }),
    api_token: Type.String({ pattern: '^[\\x21-\\x7e]{16,500}$' }),
    callback_secrets: Type.Optional(secretList(16)),
    callback_credentials: Type.Optional(Type.Array(credentials, { minItems: 1, maxItems: 4 })),
  },
  { additionalProperties: false },
);

type SinchConfig = Static<typeof schema>;

const MAX_VALIDITY_SECONDS = 3 * 86_400;

/**
 * Sinch SMS REST API (developers.sinch.com/docs/sms/api-reference). A service plan lives in one region; `base_url` names
 * it: us, eu, au, br or ca. Callbacks are signed or come with basic authentication, as the account manager set it up;
 * without either of `callback_secrets` and `callback_credentials` there are no receipts. Sinch chooses the encoding.
 */
export const sinch: ProviderType<SinchConfig> = {
  schema,
  check,
  create(config, { name, http, callbackUrl, now }): Provider {
    const authenticates = config.callback_secrets !== undefined || config.callback_credentials !== undefined;
    const receiptUrl = authenticates ? callbackUrl('receipts') : null;
    const handle = async (request: CallbackRequest) => readCallback(request, config);
    return {
      name,
      channels: ['sms'],
      async send(message, signal) {
        const outcome = await http.send({
          method: 'POST',
          url: urlOf(config.base_url, `/xms/v1/${config.service_plan_id}/batches`),
          headers: { authorization: `Bearer ${config.api_token}`, 'content-type': 'application/json' },
          body: JSON.stringify(toRequest(message, receiptUrl, now())),
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      ...(authenticates && { callbacks: { receipts: handle, inbound: handle } }),
    };
  },
};

function check(config: SinchConfig): ConfigProblem[] {
  const both = config.callback_secrets !== undefined && config.callback_credentials !== undefined;
  const message = 'is one way of two: leave out callback_secrets or callback_credentials';
  return [...checkBaseUrl(config), ...(both ? [{ pointer: '/callback_credentials', message }] : [])];
}

function toRequest(message: OutboundMessage, receiptUrl: string | null, now: number) {
  const validitySeconds = clamp(message.validitySeconds, 1, MAX_VALIDITY_SECONDS);
  return {
    type: 'mt_text',
    from: message.from,
    // Sinch guesses the type of number; an alphanumeric sender is none.
    ...(!isNumber(message.from) && { from_ton: 5, from_npi: 0 }),
    to: [message.to],
    body: smsText(message).text,
    expire_at: new Date(now + validitySeconds * 1_000).toISOString(),
    client_reference: message.reference,
    ...(receiptUrl === null
      ? { delivery_report: 'none' }
      : { delivery_report: 'per_recipient', callback_url: receiptUrl }),
  };
}

function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  const providerId = readId(body.id);
  if (answer.status < 300 && providerId !== undefined) return { kind: 'accepted', providerId };
  const code = readCarrierCode(body.code);
  const known = answer.status < 400 || answer.status >= 500 ? null : verdictByCode(sinchErrors, code);
  return known ?? verdictByStatus(answer, now, code);
}

/** One URL may serve both: what it is, is said in `type`. */
function readCallback(request: CallbackRequest, config: SinchConfig): CallbackResult {
  const why =
    config.callback_secrets === undefined
      ? refuseBasicAuth(request, config.callback_credentials ?? [])
      : refuseSinchSignature(request, config.callback_secrets);
  if (why !== null) return { kind: 'unauthenticated', why };
  const body = readObject(parseJson(request.body));
  const type = readText(body.type) ?? '';
  if (type === 'mo_text') {
    const message = readInbound(body);
    return message ? { kind: 'taken', inbound: [message] } : { kind: 'unreadable', why: 'no id, from or to' };
  }
  // Binary messages and pictures: there is no text in them.
  if (type.startsWith('mo_')) return { kind: 'taken' };
  const receipt = readReceipt(body);
  return receipt ? { kind: 'taken', receipts: [receipt] } : { kind: 'unreadable', why: 'no batch_id or no status' };
}

/** A batch of ours has one recipient: a report over all of them (`statuses`) is about that one, too. */
function readReceipt(body: Json): ProviderReceipt | null {
  const report = readList(body.statuses).length > 0 ? readObject(readList(body.statuses)[0]) : body;
  const providerId = readId(body.batch_id);
  const word = readText(report.status);
  if (providerId === undefined || word === undefined) return null;
  const code = readText(report.code);
  const facts = {
    providerId,
    reference: readReference(body.client_reference),
    at: readTime(body.operator_status_at) ?? readTime(body.at),
    mccMnc: readMccMnc(body.operator),
  };
  return receiptOf(lookUp(sinchStatuses, word) ?? 'unknown', facts, lookUp(sinchReasons, code), code);
}

function readInbound(body: Json): InboundMessage | null {
  const providerId = readId(body.id);
  const from = readText(body.from);
  const to = readText(body.to);
  if (providerId === undefined || from === undefined || to === undefined) return null;
  const text = readText(body.body) ?? '';
  const at = readTime(body.sent_at) ?? readTime(body.received_at);
  return defined({ providerId, channel: 'sms' as const, from: withPlus(from), to: withPlus(to), text, at });
}
