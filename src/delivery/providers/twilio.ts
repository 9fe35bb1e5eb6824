import { type Static, Type } from 'typebox';
import type { CallbackRequest, CallbackResult, Provider, ProviderType, SendVerdict } from '../provider.ts';
import { readReference, withReference } from './support/address.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { clamp } from './support/clamp.ts';
import { defined } from './support/defined.ts';
import { basicAuth, type ConfigProblem, checkBaseUrl, httpMembers, secretList, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readPrice } from './support/read-facts.ts';
import { parseJson, readId, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { smsText } from './support/sms-text.ts';
import { type HttpAnswer, verdictByCode, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';
import { twilioErrors, twilioStatuses } from './twilio-codes.ts';
import { readTwilioForm, refuseTwilioSignature } from './twilio-signature.ts';

const sid = (prefix: string) => Type.String({ pattern: `^${prefix}[0-9a-fA-F]{32}$` });

const schema = Type.Object(
  {
    ...httpMembers('https://api.twilio.com'),
    account_sid: sid('AC'),
    auth_tokens: Type.Optional(secretList(32)),
    api_key_sid: Type.Optional(sid('SK')),
    api_key_secret: Type.Optional(Type.String({ minLength: 8 })),
    messaging_service_sid: Type.Optional(sid('MG')),
  },
  { additionalProperties: false },
);

type TwilioConfig = Static<typeof schema>;

/** The longest a message may wait at Twilio; error 90007. */
const MAX_VALIDITY_SECONDS = 36_000;

/**
 * Twilio Programmable Messaging (twilio.com/docs/messaging/api/message-resource). Calls are made with the API key, else
 * with the first auth token; callbacks are signed with the auth token alone, so without one there are no receipts. A
 * messaging service chooses the sender by itself: with one, the sender of the route is not used.
 */
export const twilio: ProviderType<TwilioConfig> = {
  schema,
  check,
  create(config, { name, http, callbackUrl, now }): Provider {
    const { account_sid, auth_tokens = [] } = config;
    const statusUrl = auth_tokens.length > 0 ? callbackUrl('receipts') : null;
    const authorization = basicAuth(config.api_key_sid ?? account_sid, config.api_key_secret ?? auth_tokens[0] ?? '');

    return {
      name,
      channels: ['sms'],
      async send(message, signal) {
        const form = new URLSearchParams({
          To: message.to,
          Body: smsText(message).text,
          ...(config.messaging_service_sid === undefined
            ? { From: message.from }
            : { MessagingServiceSid: config.messaging_service_sid }),
          // A messaging service replaces characters unless it is told not to.
          SmartEncoded: String(message.smartEncoding ?? false),
          ValidityPeriod: String(clamp(message.validitySeconds, 1, MAX_VALIDITY_SECONDS)),
          ...(statusUrl !== null && { StatusCallback: withReference(statusUrl, message.reference) }),
        });
        const outcome = await http.send({
          method: 'POST',
          url: urlOf(config.base_url, `/2010-04-01/Accounts/${account_sid}/Messages.json`),
          headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
          body: form.toString(),
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      ...(auth_tokens.length > 0 && {
        callbacks: {
          receipts: async (request) => authenticated(request, auth_tokens, readReceipt),
          inbound: async (request) => authenticated(request, auth_tokens, readInbound),
        },
      }),
    };
  },
};

function check(config: TwilioConfig): ConfigProblem[] {
  const { auth_tokens, api_key_sid, api_key_secret } = config;
  const problems = checkBaseUrl(config);
  if ((api_key_sid === undefined) !== (api_key_secret === undefined)) {
    problems.push({ pointer: '/api_key_secret', message: 'api_key_sid and api_key_secret go together: give both' });
  } else if (auth_tokens === undefined && api_key_sid === undefined) {
    problems.push({ pointer: '/auth_tokens', message: 'give auth_tokens, or api_key_sid and api_key_secret' });
  }
  return problems;
}

function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  const providerId = readId(body.sid);
  const code = readCarrierCode(answer.status < 300 ? body.error_code : body.code);
  // Twilio may create a message that it has already given up.
  const refused = answer.status < 500 ? verdictByCode(twilioErrors, code) : null;
  if (refused) return answer.status === 429 ? verdictByStatus(answer, now, code) : refused;
  if (answer.status >= 300 || providerId === undefined) return verdictByStatus(answer, now, code);
  return defined({ kind: 'accepted' as const, providerId, price: readPrice(body.price, body.price_unit) });
}

function authenticated(
  request: CallbackRequest,
  authTokens: readonly string[],
  read: (form: URLSearchParams, request: CallbackRequest) => CallbackResult,
): CallbackResult {
  const why = refuseTwilioSignature(request, authTokens);
  return why === null ? read(readTwilioForm(request), request) : { kind: 'unauthenticated', why };
}

/** Neither price nor network is told; `RawDlrDoneDate` has no zone and is of no use. */
function readReceipt(form: URLSearchParams, { query }: CallbackRequest): CallbackResult {
  const providerId = readId(form.get('MessageSid') ?? form.get('SmsSid'));
  const word = readText(form.get('MessageStatus') ?? form.get('SmsStatus'));
  if (providerId === undefined || word === undefined) {
    return { kind: 'unreadable', why: 'no MessageSid or no MessageStatus' };
  }
  const code = readCarrierCode(form.get('ErrorCode'));
  const reason = lookUp(twilioErrors, code)?.[1];
  const facts = { providerId, reference: readReference(query.get('ref')) };
  return { kind: 'taken', receipts: [receiptOf(lookUp(twilioStatuses, word) ?? 'unknown', facts, reason, code)] };
}

const NO_REPLY = { status: 200, contentType: 'text/xml', body: '<Response/>' };

function readInbound(form: URLSearchParams): CallbackResult {
  const providerId = readId(form.get('MessageSid') ?? form.get('SmsSid'));
  const from = readText(form.get('From'));
  const to = readText(form.get('To'));
  if (providerId === undefined || from === undefined || to === undefined) {
    return { kind: 'unreadable', why: 'no MessageSid, From or To' };
  }
  const text = form.get('Body') ?? '';
  return { kind: 'taken', inbound: [{ providerId, channel: 'sms', from, to, text }], answer: NO_REPLY };
}
