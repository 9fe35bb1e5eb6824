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
import { answerHubChallenge, refuseHubSignature } from './hub-signature.ts';
import { readReference, withPlus } from './support/address.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { defined } from './support/defined.ts';
import { checkBaseUrl, httpMembers, secretList, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readUnixSeconds } from './support/read-facts.ts';
import { type Json, parseJson, readId, readList, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { failed, type HttpAnswer, verdictByCode, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';
import { whatsappErrors, whatsappStatuses } from './whatsapp-codes.ts';
import { MAX_CODE_LENGTH, ownTemplateMembers, templateMembers, textMembers } from './whatsapp-template.ts';

const schema = Type.Object(
  {
    ...httpMembers('https://graph.facebook.com'),
    api_version: Type.String({ pattern: '^v\\d{1,3}\\.\\d$', default: 'v24.0' }),
    phone_number_id: Type.String({ pattern: '^\\d{5,30}$' }),
    access_token: Type.String({ pattern: '^[\\x21-\\x7e]{20,1000}$' }),
    app_secrets: secretList(16),
    verify_token: Type.String({ minLength: 16, description: 'Own choice; entered beside the webhook URL.' }),
    template: Type.Object(
      {
        name: Type.String({ pattern: '^[a-z0-9_]{1,512}$', description: 'Of category authentication.' }),
        languages: Type.Array(Type.String({ pattern: '^[a-z]{2,3}(_[A-Za-z]{2,4})?$' }), { minItems: 1 }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

type WhatsappConfig = Static<typeof schema>;

/**
 * WhatsApp Cloud API (developers.facebook.com/docs/whatsapp/cloud-api). A code goes out in an authentication template,
 * anything else in one of the account's own where the message names it, or as free text. The sender is the business
 * number, not the route's. How long a code may be delivered is part of the template (`message_send_ttl_seconds`) and
 * cannot be told per message. Meta has one webhook for everything: either of the callback URLs takes receipts and
 * messages alike.
 */
export const whatsapp: ProviderType<WhatsappConfig> = {
  schema,
  check: checkBaseUrl,
  create(config, { name, http, now }): Provider {
    const handle = async (request: CallbackRequest) => readCallback(request, config);
    return {
      name,
      channels: ['whatsapp'],
      async send(message, signal) {
        if ((message.code?.length ?? 0) > MAX_CODE_LENGTH) return failed('unsupported', 'code_too_long');
        const outcome = await http.send({
          method: 'POST',
          url: urlOf(config.base_url, `/${config.api_version}/${config.phone_number_id}/messages`),
          headers: { authorization: `Bearer ${config.access_token}`, 'content-type': 'application/json' },
          body: JSON.stringify(toRequest(message, config)),
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      callbacks: { receipts: handle, inbound: handle },
    };
  },
};

function toRequest(message: OutboundMessage, { template }: WhatsappConfig) {
  const { to, reference } = message;
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to,
    biz_opaque_callback_data: reference,
    ...wordsOf(message, template),
  };
}

function wordsOf(message: OutboundMessage, template: WhatsappConfig['template']) {
  if (message.code !== undefined) return templateMembers(message.code, message.locale, template);
  return message.whatsapp ? ownTemplateMembers(message.whatsapp) : textMembers(message);
}

function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  const providerId = readId(readObject(readList(body.messages)[0]).id);
  if (answer.status < 300 && providerId !== undefined) return { kind: 'accepted', providerId };
  const code = readCarrierCode(readObject(body.error).code);
  const known = answer.status < 300 || answer.status === 429 ? null : verdictByCode(whatsappErrors, code);
  return known ?? verdictByStatus(answer, now, code);
}

function readCallback(request: CallbackRequest, config: WhatsappConfig): CallbackResult {
  if (request.method === 'GET') return answerHubChallenge(request, config.verify_token);
  const why = refuseHubSignature(request, config.app_secrets);
  if (why !== null) return { kind: 'unauthenticated', why };
  const body = readObject(parseJson(request.body));
  if (body.object !== 'whatsapp_business_account') return { kind: 'unreadable', why: 'no whatsapp_business_account' };
  const values = readList(body.entry)
    .flatMap((entry) => readList(readObject(entry).changes))
    .map((change) => readObject(readObject(change).value))
    // An account may have more numbers than this one.
    .filter((value) => readText(readObject(value.metadata).phone_number_id) === config.phone_number_id);
  return {
    kind: 'taken',
    receipts: values.flatMap((value) => readList(value.statuses).flatMap((status) => readReceipt(readObject(status)))),
    inbound: values.flatMap((value) => {
      const to = withPlus(readText(readObject(value.metadata).display_phone_number)?.replace(/\D/g, '') ?? '');
      return readList(value.messages).flatMap((message) => readInbound(readObject(message), to));
    }),
  };
}

function readReceipt(status: Json): ProviderReceipt[] {
  const providerId = readId(status.id);
  const word = readText(status.status);
  if (providerId === undefined || word === undefined) return [];
  const reference = readReference(status.biz_opaque_callback_data);
  const code = readCarrierCode(readObject(readList(status.errors)[0]).code);
  const facts = { providerId, reference, at: readUnixSeconds(status.timestamp) };
  return [receiptOf(lookUp(whatsappStatuses, word) ?? 'unknown', facts, lookUp(whatsappErrors, code)?.[1], code)];
}

/** Texts and pressed buttons. Pictures and the like have no text; senders who hide their number cannot be answered. */
function readInbound(message: Json, to: string): InboundMessage[] {
  const providerId = readId(message.id);
  const from = readText(message.from);
  const interactive = readObject(message.interactive);
  const reply = readObject(interactive.button_reply ?? interactive.list_reply);
  const text = readObject(message.text).body ?? readObject(message.button).text ?? reply.title;
  if (providerId === undefined || from === undefined || typeof text !== 'string') return [];
  const at = readUnixSeconds(message.timestamp);
  return [defined({ providerId, channel: 'whatsapp' as const, from: withPlus(from), to, text, at })];
}
