import { createHash } from 'node:crypto';
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
import { OCTOPUSH_ALREADY_SENT, octopushErrors, octopushStatuses } from './octopush-codes.ts';
import { withPlus } from './support/address.ts';
import { callbackToken, refuseToken } from './support/callback-token.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { defined } from './support/defined.ts';
import { checkBaseUrl, httpMembers, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readPrice } from './support/read-facts.ts';
import { type Json, parseJson, readId, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { smsText } from './support/sms-text.ts';
import {
  type HttpAnswer,
  outcomeUnknown,
  verdictByCode,
  verdictByStatus,
  verdictWithoutAnswer,
} from './support/verdict.ts';

const schema = Type.Object(
  {
    ...httpMembers('https://api.octopush.com/v1/public'),
    api_login: Type.String({ minLength: 1, pattern: '^[\\x21-\\x7e]+$' }),
    api_key: Type.String({ minLength: 8, pattern: '^[\\x21-\\x7e]+$' }),
    type: Type.Enum(['sms_premium', 'sms_low_cost'], { default: 'sms_premium' }),
    with_replies: Type.Boolean({ default: false, description: 'The sender becomes a number that can be answered.' }),
    currency: Type.Optional(
      Type.String({ pattern: '^[A-Z]{3}$', description: 'Of the account; else no price is kept.' }),
    ),
    callback_token: Type.Optional(callbackToken()),
  },
  { additionalProperties: false },
);

type OctopushConfig = Static<typeof schema>;

/**
 * Octopush, "SMS campaign: send" (octopush.com/en/sms-gateway-api-documentation/send-sms). Its callbacks are not signed
 * and their URLs are set by hand: `/callbacks/{name}/receipts?token=…` and `…/inbound?token=…` with `callback_token`.
 * The API has no validity period. Our reference is the request id: the same one is taken once within 24 hours.
 */
export const octopush: ProviderType<OctopushConfig> = {
  schema,
  check: checkBaseUrl,
  create: (config, { name, http, now }): Provider => ({
    name,
    channels: ['sms'],
    async send(message, signal) {
      const outcome = await http.send({
        method: 'POST',
        url: urlOf(config.base_url, '/sms-campaign/send'),
        headers: { 'content-type': 'application/json', 'api-login': config.api_login, 'api-key': config.api_key },
        body: JSON.stringify(toRequest(message, config)),
        timeoutMs: config.timeout_ms,
        signal,
      });
      return outcome.kind === 'answer' ? readAnswer(outcome, config, now()) : verdictWithoutAnswer(outcome);
    },
    ...(config.callback_token !== undefined && {
      callbacks: {
        receipts: async (request) => readCallback(request, config),
        inbound: async (request) => readCallback(request, config),
      },
    }),
  }),
};

function toRequest(message: OutboundMessage, config: OctopushConfig) {
  return {
    recipients: [{ phone_number: message.to }],
    sender: message.from,
    text: smsText(message).text,
    type: config.type,
    purpose: message.purpose === 'marketing' ? 'wholesale' : 'alert',
    with_replies: config.with_replies,
    request_id: message.reference,
    // It would rewrite the text.
    auto_optimize_text: false,
  };
}

function readAnswer(answer: HttpAnswer, config: OctopushConfig, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  const providerId = readId(body.sms_ticket);
  if (answer.status < 300 && providerId !== undefined) {
    return defined({ kind: 'accepted' as const, providerId, price: readPrice(body.total_cost, config.currency) });
  }
  const code = readCarrierCode(body.code ?? body.error_code);
  if (code === OCTOPUSH_ALREADY_SENT) return outcomeUnknown('unknown', code);
  // A code beside a 5xx does not prove that nothing was done.
  if (answer.status >= 500) return verdictByStatus(answer, now, code);
  return verdictByCode(octopushErrors, code) ?? verdictByStatus(answer, now, code);
}

/** One URL may serve all three kinds: "identify the type of callback" by its date, the documentation says. */
function readCallback(request: CallbackRequest, { callback_token, currency }: OctopushConfig): CallbackResult {
  const why = refuseToken(request, callback_token ?? []);
  if (why !== null) return { kind: 'unauthenticated', why };
  const body = readObject(parseJson(request.body));
  if (readText(body.status) !== undefined) {
    const receipt = readReceipt(body, currency);
    return receipt ? { kind: 'taken', receipts: [receipt] } : { kind: 'unreadable', why: 'no message_id' };
  }
  const message = readInbound(body);
  return message
    ? { kind: 'taken', inbound: [message] }
    : { kind: 'unreadable', why: 'neither a status nor number and text' };
}

/** A campaign of ours has one recipient, so its ticket names the message. The zone of `delivery_date` is not told. */
function readReceipt(body: Json, currency: string | undefined): ProviderReceipt | null {
  const providerId = readId(body.message_id);
  if (providerId === undefined) return null;
  const [status, reason] = lookUp(octopushStatuses, readText(body.status)) ?? ['unknown' as const];
  return receiptOf(status, { providerId, price: readPrice(body.unit_price, currency) }, reason, body.status);
}

/** Messages from phones have no id: told again, one is the same in all it says. An opt-out does not say to which number. */
function readInbound(body: Json): InboundMessage | null {
  const from = readText(body.number);
  const text = typeof body.text === 'string' ? body.text : undefined;
  if (from === undefined || text === undefined) return null;
  const to = readText(body.sim_card_number) ?? '';
  const date = readText(body.reception_date ?? body.stop_date) ?? '';
  const facts = JSON.stringify([readText(body.message_id) ?? '', from, to, date, text]);
  const providerId = createHash('sha256').update(facts).digest('base64url');
  return { providerId, channel: 'sms', from: withPlus(from), to, text };
}
