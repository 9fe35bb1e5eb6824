import { type Static, Type } from 'typebox';
import type {
  CallbackRequest,
  CallbackResult,
  OutboundMessage,
  Provider,
  ProviderType,
  SendVerdict,
} from '../provider.ts';
import { plivoReasons, plivoStatuses } from './plivo-codes.ts';
import { checkPlivoSignature, readPlivoForm, readVouchedReference, withVouchedReference } from './plivo-signature.ts';
import { withPlus } from './support/address.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { clamp } from './support/clamp.ts';
import { basicAuth, checkBaseUrl, httpMembers, secretList, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readMccMnc, readPrice, readTime } from './support/read-facts.ts';
import { parseJson, readId, readList, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { smsText } from './support/sms-text.ts';
import { type HttpAnswer, rejected, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';

const schema = Type.Object(
  {
    ...httpMembers('https://api.plivo.com'),
    auth_id: Type.String({ pattern: '^[A-Z0-9]{16,24}$' }),
    auth_tokens: secretList(32),
    powerpack_uuid: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F-]{36}$' })),
    currency: Type.Optional(
      Type.String({ pattern: '^[A-Z]{3}$', description: 'Of the account; else no price is kept.' }),
    ),
  },
  { additionalProperties: false },
);

type PlivoConfig = Static<typeof schema>;

const MIN_EXPIRY_SECONDS = 5;
const MAX_EXPIRY_SECONDS = 10_800;

/**
 * Plivo Message API (plivo.com/docs/messaging/api/message). Calls are made with the first auth token, callbacks are
 * signed with any of them. A Powerpack chooses the sender by itself: with one, the sender of the route is not used.
 * Plivo signs but the URL of its messaging callbacks; a receipt counts for the message whose URL it comes to, and the
 * text of a message from a phone is as trustworthy as the way it came. Plivo chooses the encoding.
 */
export const plivo: ProviderType<PlivoConfig> = {
  schema,
  check: checkBaseUrl,
  create(config, { name, http, callbackUrl, now }): Provider {
    const [authToken = ''] = config.auth_tokens;
    const receiptUrl = callbackUrl('receipts');
    return {
      name,
      channels: ['sms'],
      async send(message, signal) {
        const url = receiptUrl === null ? null : withVouchedReference(receiptUrl, message.reference, authToken);
        const outcome = await http.send({
          method: 'POST',
          url: urlOf(config.base_url, `/v1/Account/${config.auth_id}/Message/`),
          headers: { authorization: basicAuth(config.auth_id, authToken), 'content-type': 'application/json' },
          body: JSON.stringify(toRequest(message, config, url)),
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      callbacks: {
        receipts: async (request) => readReceipt(request, config),
        inbound: async (request) => readInbound(request, config),
      },
    };
  },
};

function toRequest(message: OutboundMessage, { powerpack_uuid }: PlivoConfig, url: string | null) {
  return {
    ...(powerpack_uuid === undefined ? { src: message.from } : { powerpack_uuid }),
    dst: message.to,
    text: smsText(message).text,
    type: 'sms',
    message_expiry: clamp(message.validitySeconds, MIN_EXPIRY_SECONDS, MAX_EXPIRY_SECONDS),
    // Codes and their numbers are not to be read in Plivo's log.
    ...(message.purpose === 'code' && { log: false }),
    ...(url !== null && { url, method: 'POST' }),
  };
}

/** Errors are told in words; the status says what can be said. */
function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  if (answer.status >= 300) return verdictByStatus(answer, now);
  const providerId = readId(readList(body.message_uuid)[0]);
  if (providerId !== undefined) return { kind: 'accepted', providerId };
  return readList(body.invalid_number).length > 0
    ? rejected('invalid_recipient', 'invalid_number')
    : verdictByStatus(answer, now);
}

function readReceipt(request: CallbackRequest, { auth_tokens, currency }: PlivoConfig): CallbackResult {
  const signature = checkPlivoSignature(request, auth_tokens);
  if ('why' in signature) return { kind: 'unauthenticated', why: signature.why };
  const reference = readVouchedReference(request, auth_tokens);
  if (signature.version === 2 && reference === undefined) {
    return { kind: 'unauthenticated', why: 'a URL that vouches for no message' };
  }
  const form = readPlivoForm(request);
  const uuid = readId(form.get('MessageUUID'));
  const word = readText(form.get('Status'));
  if (uuid === undefined || word === undefined) return { kind: 'unreadable', why: 'no MessageUUID or no Status' };
  const code = readCarrierCode(form.get('ErrorCode'));
  const facts = {
    providerId: signature.version === 3 ? uuid : undefined,
    reference,
    at: readTime(form.get('DeliveryReportTime')) ?? readTime(form.get('SentTime')),
    price: readPrice(form.get('TotalAmount'), currency),
    mccMnc: readMccMnc(form.get('MCC'), form.get('MNC')),
  };
  const receipt = receiptOf(lookUp(plivoStatuses, word) ?? 'unknown', facts, lookUp(plivoReasons, code), code);
  return { kind: 'taken', receipts: [receipt] };
}

const NO_REPLY = { status: 200, contentType: 'text/xml', body: '<Response/>' };

function readInbound(request: CallbackRequest, { auth_tokens }: PlivoConfig): CallbackResult {
  const signature = checkPlivoSignature(request, auth_tokens);
  if ('why' in signature) return { kind: 'unauthenticated', why: signature.why };
  const form = readPlivoForm(request);
  const providerId = readId(form.get('MessageUUID'));
  const from = readText(form.get('From'));
  const to = readText(form.get('To'));
  if (providerId === undefined || from === undefined || to === undefined) {
    return { kind: 'unreadable', why: 'no MessageUUID, From or To' };
  }
  const text = form.get('Text') ?? '';
  const message = { providerId, channel: 'sms' as const, from: withPlus(from), to: withPlus(to), text };
  return { kind: 'taken', inbound: [message], answer: NO_REPLY };
}
