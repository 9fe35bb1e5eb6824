import type { KeyObject } from 'node:crypto';
import type {
  CallbackRequest,
  CallbackResult,
  InboundMessage,
  OutboundMessage,
  Provider,
  ProviderDeps,
  ProviderReceipt,
  SendVerdict,
} from '../provider.ts';
import { readReference, withoutPlus, withPlus } from './support/address.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { clamp } from './support/clamp.ts';
import { defined } from './support/defined.ts';
import { urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readMccMnc, readPrice, readTime } from './support/read-facts.ts';
import { type Json, parseJson, readId, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { smsText } from './support/sms-text.ts';
import { type HttpAnswer, verdictByCode, verdictByStatus, verdictWithoutAnswer } from './support/verdict.ts';
import { vonageMessagesErrors, vonageMessagesStatuses } from './vonage-codes.ts';
import { createApplicationToken, refuseSignedWebhook } from './vonage-jwt.ts';

export interface VonageMessagesConfig {
  base_url: string;
  timeout_ms: number;
  application_id: string;
  private_key: KeyObject;
  signature_secrets: readonly string[];
}

/** As in the SMS API, seconds. */
const MIN_TTL_SECONDS = 20;
const MAX_TTL_SECONDS = 604_800;

/** Vonage Messages API v1, channel SMS (developer.vonage.com/en/api/messages). */
export function createVonageMessages(config: VonageMessagesConfig, deps: ProviderDeps): Provider {
  const { name, http, callbackUrl, now } = deps;
  const bearer = createApplicationToken(config.application_id, config.private_key, now);
  const statusUrl = callbackUrl('receipts');

  async function send(message: OutboundMessage, signal: AbortSignal): Promise<SendVerdict> {
    const outcome = await http.send({
      method: 'POST',
      url: urlOf(config.base_url, '/v1/messages'),
      headers: { authorization: `Bearer ${await bearer()}`, 'content-type': 'application/json' },
      body: JSON.stringify(toRequest(message, statusUrl)),
      timeoutMs: config.timeout_ms,
      signal,
    });
    return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
  }

  /** Vonage sends to the URL of each kind, but the bodies tell themselves apart. */
  async function handle(request: CallbackRequest): Promise<CallbackResult> {
    const why = await refuseSignedWebhook(request, config.application_id, config.signature_secrets);
    if (why !== null) return { kind: 'unauthenticated', why };
    const body = readObject(parseJson(request.body));
    const providerId = readId(body.message_uuid);
    if (providerId === undefined) return { kind: 'unreadable', why: 'no message_uuid' };
    if (body.status !== undefined) return { kind: 'taken', receipts: [readReceipt(providerId, body)] };
    const message = readInbound(providerId, body);
    return message ? { kind: 'taken', inbound: [message] } : { kind: 'unreadable', why: 'neither status nor text' };
  }

  return { name, channels: ['sms'], send, callbacks: { receipts: handle, inbound: handle } };
}

function toRequest(message: OutboundMessage, statusUrl: string | null) {
  const { text, unicode } = smsText(message);
  return {
    channel: 'sms',
    message_type: 'text',
    to: withoutPlus(message.to),
    from: withoutPlus(message.from),
    text,
    sms: { encoding_type: unicode ? 'unicode' : 'text' },
    ttl: clamp(message.validitySeconds, MIN_TTL_SECONDS, MAX_TTL_SECONDS),
    client_ref: message.reference,
    ...(statusUrl !== null && { webhook_url: statusUrl, webhook_version: 'v1' }),
  };
}

function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const body = readObject(parseJson(answer.body));
  const providerId = readId(body.message_uuid);
  if (answer.status < 300 && providerId !== undefined) return { kind: 'accepted', providerId };
  const code = readProblemCode(body);
  if (answer.status < 400 || answer.status >= 500 || answer.status === 429) return verdictByStatus(answer, now, code);
  return verdictByCode(vonageMessagesErrors, code) ?? verdictByStatus(answer, now, code);
}

/** RFC 9457: `type` is a URL whose fragment is the code; in a status the code is the title as well. */
function readProblemCode(problem: Json): string | undefined {
  return readCarrierCode(readText(problem.type)?.split('#')[1]) ?? readCarrierCode(problem.title);
}

function readReceipt(providerId: string, body: Json): ProviderReceipt {
  const usage = readObject(body.usage);
  const facts = {
    providerId,
    reference: readReference(body.client_ref),
    at: readTime(body.timestamp),
    price: readPrice(usage.price, usage.currency),
    mccMnc: readMccMnc(readObject(body.destination).network_code),
  };
  const code = readProblemCode(readObject(body.error));
  const status = lookUp(vonageMessagesStatuses, readText(body.status)) ?? 'unknown';
  return receiptOf(status, facts, lookUp(vonageMessagesErrors, code)?.[1], code);
}

function readInbound(providerId: string, body: Json): InboundMessage | null {
  const from = readText(body.from);
  const to = readText(body.to);
  if (from === undefined || to === undefined || typeof body.text !== 'string') return null;
  const common = { providerId, channel: 'sms' as const, text: body.text, at: readTime(body.timestamp) };
  return defined({ ...common, from: withPlus(from), to: withPlus(to) });
}
