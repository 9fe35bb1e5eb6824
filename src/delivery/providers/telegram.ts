import { createHash, createHmac } from 'node:crypto';
import { type Static, Type } from 'typebox';
import type {
  CallbackRequest,
  CallbackResult,
  OutboundMessage,
  Provider,
  ProviderType,
  ReceiptStatus,
  SendVerdict,
} from '../provider.ts';
import { readReference } from './support/address.ts';
import { readCarrierCode } from './support/carrier-code.ts';
import { clamp } from './support/clamp.ts';
import { defined } from './support/defined.ts';
import { checkBaseUrl, httpMembers, urlOf } from './support/http-members.ts';
import { lookUp } from './support/look-up.ts';
import { readUnixSeconds } from './support/read-facts.ts';
import { parseJson, readId, readObject, readText } from './support/read-value.ts';
import { receiptOf } from './support/receipt.ts';
import { sameSecret } from './support/same-secret.ts';
import {
  type CodeVerdict,
  failed,
  type HttpAnswer,
  outcomeUnknown,
  verdictByCode,
  verdictByStatus,
  verdictWithoutAnswer,
} from './support/verdict.ts';

const schema = Type.Object(
  {
    ...httpMembers('https://gatewayapi.telegram.org'),
    access_token: Type.String({ minLength: 16, pattern: '^[\\x21-\\x7e]+$' }),
    sender_username: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9_]{4,32}$', description: 'Of a verified channel of yours, without the @.' }),
    ),
  },
  { additionalProperties: false },
);

type TelegramConfig = Static<typeof schema>;

/**
 * Telegram Gateway (core.telegram.org/gateway/api, changes of 2025-02-26). Telegram words the message itself and takes a
 * code of 4 to 8 digits. What it costs is told in credits, which are no currency: no price is kept.
 */
export const telegram: ProviderType<TelegramConfig> = {
  schema,
  check: checkBaseUrl,
  create(config, { name, http, callbackUrl, now }): Provider {
    return {
      name,
      channels: ['telegram'],
      async send(message, signal) {
        if (!/^\d{4,8}$/.test(message.code ?? '')) return failed('unsupported', 'no_code_of_4_to_8_digits');
        const outcome = await http.send({
          method: 'POST',
          url: urlOf(config.base_url, '/sendVerificationMessage'),
          headers: { 'content-type': 'application/json', authorization: `Bearer ${config.access_token}` },
          body: JSON.stringify(toRequest(message, config, callbackUrl('receipts'))),
          timeoutMs: config.timeout_ms,
          signal,
        });
        return outcome.kind === 'answer' ? readAnswer(outcome, now()) : verdictWithoutAnswer(outcome);
      },
      callbacks: { receipts: async (request) => readReport(request, config.access_token) },
    };
  },
};

function toRequest(message: OutboundMessage, { sender_username }: TelegramConfig, callbackUrl: string | null) {
  return defined({
    phone_number: message.to,
    code: message.code,
    sender_username,
    // Telegram takes https only; on a developer's machine there are no reports.
    callback_url: callbackUrl?.startsWith('https:') ? callbackUrl : undefined,
    payload: message.reference,
    ttl: clamp(message.validitySeconds, 30, 3_600),
  });
}

/** The documentation names no list of errors; these are the names that clients know (apifonica/tg-gateway-go). */
const errors: Readonly<Record<string, CodeVerdict>> = {
  ACCESS_TOKEN_INVALID: ['failed', 'authentication_failed'],
  ACCESS_TOKEN_REQUIRED: ['failed', 'authentication_failed'],
  BALANCE_NOT_ENOUGH: ['failed', 'insufficient_credit'],
  PHONE_NUMBER_INVALID: ['rejected', 'invalid_recipient'],
  PHONE_NUMBER_NOT_FOUND: ['rejected', 'not_on_channel'],
  PHONE_NUMBER_NOT_AVAILABLE: ['rejected', 'not_on_channel'],
  CODE_INVALID: ['failed', 'unsupported'],
  CODE_LENGTH_INVALID: ['failed', 'unsupported'],
  SENDER_USERNAME_INVALID: ['failed', 'sender_refused'],
  SENDER_NOT_VERIFIED: ['failed', 'sender_refused'],
  SENDER_NOT_OWNED: ['failed', 'sender_refused'],
  CALLBACK_URL_INVALID: ['failed', 'misconfigured'],
  PAYLOAD_INVALID: ['failed', 'misconfigured'],
  TTL_INVALID: ['failed', 'misconfigured'],
  UNKNOWN_METHOD: ['failed', 'misconfigured'],
};

/** "The response contains a JSON object, which always has a Boolean field ok", whatever its status. */
function readAnswer(answer: HttpAnswer, now: number): SendVerdict {
  const { ok, result, error } = readObject(parseJson(answer.body));
  const providerId = readId(readObject(result).request_id);
  if (ok === true && providerId !== undefined && answer.status < 300) return { kind: 'accepted', providerId };
  const code = readCarrierCode(error);
  if (ok !== false || code === undefined || answer.status >= 500) return verdictByStatus(answer, now, code);
  const wait = /^FLOOD_WAIT(?:_(\d{1,6}))?$/.exec(code);
  if (wait) return failed('rate_limited', 'FLOOD_WAIT', wait[1] === undefined ? undefined : Number(wait[1]) * 1_000);
  if (code === 'MESSAGE_ALREADY_SENT') return outcomeUnknown('unknown', code);
  // `ok: false` is a refusal also where it comes with a 200.
  return verdictByCode(errors, code) ?? verdictByStatus({ ...answer, status: Math.max(answer.status, 400) }, now, code);
}

/** A report is signed anew each time it is submitted. */
const WINDOW_MS = 10 * 60_000;

/** "Checking report integrity". Answered with 200, the only status that Telegram takes for "taken". */
function readReport(request: CallbackRequest, accessToken: string): CallbackResult {
  const why = refuse(request, accessToken);
  if (why !== null) return { kind: 'unauthenticated', why };
  const { request_id, payload, delivery_status } = readObject(parseJson(request.body));
  const providerId = readId(request_id);
  if (providerId === undefined) return { kind: 'unreadable', why: 'no request_id' };
  const answer = { status: 200, contentType: 'text/plain', body: '' };
  // A report may be of the verification alone, with the code that was entered: nothing of it is looked at.
  if (delivery_status === undefined || delivery_status === null) return { kind: 'taken', answer };
  const delivery = readObject(delivery_status);
  const status = lookUp(statuses, readText(delivery.status)) ?? 'unknown';
  const facts = { providerId, reference: readReference(payload), at: readUnixSeconds(delivery.updated_at) };
  return { kind: 'taken', receipts: [receiptOf(status, facts, undefined, delivery.status)], answer };
}

/** DeliveryStatus. We revoke nothing, so `revoked` was done by hand. */
const statuses: Readonly<Record<string, ReceiptStatus>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  expired: 'expired',
  revoked: 'undelivered',
};

function refuse({ headers, body, now }: CallbackRequest, accessToken: string): string | null {
  const timestamp = headers['x-request-timestamp'] ?? '';
  const submitted = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) * 1_000 : Number.NaN;
  if (!(Math.abs(now - submitted) <= WINDOW_MS)) return 'X-Request-Timestamp is missing or too far from now';
  const key = createHash('sha256').update(accessToken).digest();
  const signature = createHmac('sha256', key).update(`${timestamp}\n`).update(body).digest('hex');
  const same = sameSecret(headers['x-request-signature']?.toLowerCase(), signature);
  return same ? null : 'X-Request-Signature does not fit';
}
