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
import type { Reason } from '../reasons.ts';
import { callbackAuthMembers, checkCallbackAuth, hasCallbackAuth, refuseCallback } from './infobip-callback-auth.ts';
import { infobipErrors, infobipGroups, infobipRejections, infobipStatuses } from './infobip-codes.ts';
import { readReference, withoutPlus, withPlus } from './support/address.ts';
import { withToken } from './support/callback-token.ts';
import { clamp } from './support/clamp.ts';
import { defined } from './support/defined.ts';
import { checkBaseUrl, httpMembers, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readMccMnc, readPrice, readTime } from './support/read-facts.ts';
import { type Json, parseJson, readId, readList, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { refused } from './support/refused.ts';
import { smsText } from './support/sms-text.ts';
import { type HttpAnswer, outcomeUnknown, rejected, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';

const schema = Type.Object(
  {
    ...httpMembers('https://api.infobip.com'),
    api_key: Type.String({ minLength: 8, pattern: '^[\\x21-\\x7e]+$' }),
    ...callbackAuthMembers,
  },
  { additionalProperties: false },
);

type InfobipConfig = Static<typeof schema>;

/** "Validity period longer than 48h is not supported." */
const MAX_VALIDITY_SECONDS = 172_800;

/**
 * Infobip SMS v3 (infobip.com/docs/api/channels/sms, infobip/infobip-api-go-client v3). `base_url` is best the personal
 * one of the account, `https://xxxxx.api.infobip.com`. Our reference is the message id: the same one is refused twice.
 * Without one of the `callback_…` members there are no receipts.
 */
export const infobip: ProviderType<InfobipConfig> = {
  schema,
  check: (config) => [...checkBaseUrl(config), ...checkCallbackAuth(config)],
  create(config, { name, http, callbackUrl, now }): Provider {
    const url = hasCallbackAuth(config) ? callbackUrl('receipts') : null;
    const reportUrl = url !== null && config.callback_token !== undefined ? withToken(url, config.callback_token) : url;
    return {
      name,
      channels: ['sms'],
      async send(message, signal) {
        const outcome = await http.send({
          method: 'POST',
          url: urlOf(config.base_url, '/sms/3/messages'),
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            authorization: `App ${config.api_key}`,
          },
          body: JSON.stringify({ messages: [toMessage(message, reportUrl)] }),
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      ...(hasCallbackAuth(config) && {
        callbacks: {
          receipts: async (request) => readCallback(request, config, 'receipts'),
          inbound: async (request) => readCallback(request, config, 'inbound'),
        },
      }),
    };
  },
};

function toMessage(message: OutboundMessage, reportUrl: string | null) {
  return {
    sender: withoutPlus(message.from),
    destinations: [{ to: withoutPlus(message.to), messageId: message.reference }],
    content: { text: smsText(message).text },
    options: {
      validityPeriod: { amount: clamp(message.validitySeconds, 1, MAX_VALIDITY_SECONDS), timeUnit: 'SECONDS' },
    },
    webhooks: {
      ...(reportUrl !== null && { delivery: { url: reportUrl, intermediateReport: true } }),
      contentType: 'application/json',
      callbackData: message.reference,
    },
  };
}

function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  if (answer.status >= 300) return readError(body, answer, now);
  const { messageId, status } = readObject(readList(body.messages)[0]);
  const { name, groupName } = readObject(status);
  const providerId = readId(messageId);
  // The message that has this id is an earlier one of ours: what became of it is told by its own reports.
  if (name === 'REJECTED_DUPLICATE_MESSAGE_ID') return outcomeUnknown('unknown', name);
  if (groupName === 'REJECTED') return refused(lookUp(infobipRejections, readText(name)) ?? 'unknown', name);
  if (groupName === 'UNDELIVERABLE' || groupName === 'EXPIRED') return rejected('unknown', name);
  return providerId === undefined ? verdictByStatus(answer, now) : { kind: 'accepted', providerId };
}

/** v3: `{ errorCode, violations: [{ property, violation }] }`; before: `{ requestError: { serviceException } }`. */
function readError(body: Json, answer: HttpAnswer, now: number): SendVerdict {
  const code = body.errorCode ?? readObject(readObject(body.requestError).serviceException).messageId;
  if (answer.status !== 400) return verdictByStatus(answer, now, code);
  const violated = readList(body.violations).map((violation) => readText(readObject(violation).property) ?? '');
  return refused(reasonOf(violated), code ?? 'http_400');
}

function reasonOf(violated: string[]): Reason {
  if (violated.some((property) => /\bdestinations\b|\bto$/.test(property))) return 'invalid_recipient';
  if (violated.some((property) => /\bsender$/.test(property))) return 'sender_refused';
  return violated.some((property) => /\bcontent\b/.test(property)) ? 'invalid_message' : 'unknown';
}

function readCallback(request: CallbackRequest, config: InfobipConfig, kind: 'receipts' | 'inbound'): CallbackResult {
  const why = refuseCallback(request, config);
  if (why !== null) return { kind: 'unauthenticated', why };
  const { results } = readObject(parseJson(request.body));
  if (!Array.isArray(results)) return { kind: 'unreadable', why: 'no list of results' };
  // One that cannot be read must not keep the others from being taken.
  return kind === 'receipts'
    ? { kind: 'taken', receipts: results.map(readReport).filter((receipt) => receipt !== null) }
    : { kind: 'taken', inbound: results.map(readInbound).filter((message) => message !== null) };
}

function readReport(value: unknown): ProviderReceipt | null {
  const report = readObject(value);
  const providerId = readId(report.messageId);
  const reference = readReference(report.callbackData);
  if (providerId === undefined && reference === undefined) return null;
  const price = readObject(report.price);
  const { name, groupName } = readObject(report.status);
  const error = readText(readObject(report.error).name);
  const told = lookUp(infobipStatuses, readText(name)) ?? lookUp(infobipGroups, readText(groupName));
  const [status, reason] = told ?? ['unknown' as const];
  return receiptOf(
    status,
    {
      providerId,
      reference,
      at: readTime(report.doneAt),
      price: readPrice(price.pricePerMessage, price.currency),
      mccMnc: readMccMnc(report.mccMnc),
    },
    status === 'rejected' ? lookUp(infobipRejections, readText(name)) : (lookUp(infobipErrors, error) ?? reason),
    error === undefined || error === 'NO_ERROR' ? name : error,
  );
}

function readInbound(value: unknown): InboundMessage | null {
  const { messageId, from, to, text, receivedAt } = readObject(value);
  const [providerId, sender, recipient] = [readId(messageId), readText(from), readText(to)];
  if (providerId === undefined || sender === undefined || recipient === undefined || typeof text !== 'string')
    return null;
  const addresses = { from: withPlus(sender), to: withPlus(recipient) };
  return defined({ providerId, channel: 'sms' as const, ...addresses, text, at: readTime(receivedAt) });
}
