import { type Static, Type } from 'typebox';
import type {
  CallbackRequest,
  CallbackResult,
  InboundMessage,
  Provider,
  ProviderReceipt,
  ProviderType,
  SendVerdict,
} from '../provider.ts';
import { BIRD_NO_REPORT, birdReasons, birdStatuses } from './bird-codes.ts';
import { refuseBirdSignature } from './bird-signature.ts';
import { readReference } from './support/address.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { defined } from './support/defined.ts';
import { checkBaseUrl, httpMembers, secretList, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readTime } from './support/read-facts.ts';
import { type Json, parseJson, readId, readList, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { smsText } from './support/sms-text.ts';
import { type HttpAnswer, rejected, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';

const uuid = () => Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' });

const schema = Type.Object(
  {
    ...httpMembers('https://api.bird.com'),
    workspace_id: uuid(),
    channel_id: uuid(),
    access_key: Type.String({ pattern: '^[\\x21-\\x7e]{16,500}$' }),
    signing_keys: Type.Optional(secretList(8)),
  },
  { additionalProperties: false },
);

type BirdConfig = Static<typeof schema>;

/**
 * Bird Channels API (docs.bird.com/api/channels-api). The SMS channel has its sender: the route's is not used. Webhooks
 * are subscriptions to `sms.outbound` and `sms.inbound` made at Bird; without their `signing_keys` there are no
 * receipts. No validity can be told per message.
 */
export const bird: ProviderType<BirdConfig> = {
  schema,
  check: checkBaseUrl,
  create(config, { name, http, now }): Provider {
    const handle = async (request: CallbackRequest) => readCallback(request, config);
    return {
      name,
      channels: ['sms'],
      async send(message, signal) {
        const outcome = await http.send({
          method: 'POST',
          url: urlOf(config.base_url, `/workspaces/${config.workspace_id}/channels/${config.channel_id}/messages`),
          headers: { authorization: `AccessKey ${config.access_key}`, 'content-type': 'application/json' },
          body: JSON.stringify({
            receiver: { contacts: [{ identifierKey: 'phonenumber', identifierValue: message.to }] },
            reference: message.reference,
            body: { type: 'text', text: { text: smsText(message).text } },
          }),
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      ...(config.signing_keys !== undefined && { callbacks: { receipts: handle, inbound: handle } }),
    };
  },
};

function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  const providerId = readId(body.id);
  if (answer.status >= 300 || providerId === undefined) return verdictByStatus(answer, now, body.code);
  if (lookUp(birdStatuses, readText(body.status)) !== 'rejected') return { kind: 'accepted', providerId };
  const { reason, code } = readFailure(body);
  return rejected(reason ?? 'unknown', code);
}

/** One URL may serve both: what it is, is said in `event`. */
function readCallback(request: CallbackRequest, config: BirdConfig): CallbackResult {
  const why = refuseBirdSignature(request, config.signing_keys ?? []);
  if (why !== null) return { kind: 'unauthenticated', why };
  const { event, payload } = readObject(parseJson(request.body));
  const message = readObject(payload);
  const providerId = readId(message.id);
  if (providerId === undefined) return { kind: 'unreadable', why: 'no id of a message' };
  // A subscription may be to all channels of the organization, and to other events.
  if (readText(message.channelId) !== config.channel_id) return { kind: 'taken' };
  if (event === 'sms.outbound') return { kind: 'taken', receipts: readReceipt(providerId, message) };
  if (event === 'sms.inbound') return { kind: 'taken', inbound: readInbound(providerId, message) };
  return { kind: 'taken' };
}

function readReceipt(providerId: string, message: Json): ProviderReceipt[] {
  const word = readText(message.status);
  if (word === undefined) return [];
  const reference = readReference(message.reference);
  const facts = { providerId, reference, at: readTime(message.lastStatusAt) ?? readTime(message.updatedAt) };
  const { reason, code } = readFailure(message);
  const status = code === BIRD_NO_REPORT ? 'unknown' : (lookUp(birdStatuses, word) ?? 'unknown');
  return [receiptOf(status, facts, reason, code)];
}

/** `details` is a word; `reason` and `description` are sentences. */
function readFailure(message: Json) {
  const word = readCarrierCode(readText(message.details)?.replace(/[ -]/g, '_').toLowerCase());
  const number = readCarrierCode(readObject(message.failure).code);
  return { code: word ?? number, reason: lookUp(birdReasons, word) ?? lookUp(birdReasons, number) };
}

function readInbound(providerId: string, message: Json): InboundMessage[] {
  const from = readText(readObject(readObject(message.sender).contact).identifierValue);
  const receiver = readObject(message.receiver);
  const connector = readObject(readList(receiver.connectors)[0] ?? receiver.connector);
  const text = readObject(readObject(message.body).text).text;
  if (from === undefined || typeof text !== 'string') return [];
  const to = readText(connector.identifierValue) ?? '';
  return [defined({ providerId, channel: 'sms' as const, from, to, text, at: readTime(message.createdAt) })];
}
