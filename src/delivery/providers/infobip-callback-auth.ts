import { createHmac } from 'node:crypto';
import { type Static, Type } from 'typebox';
import type { CallbackRequest } from '../provider.ts';
import { callbackToken, refuseToken } from './support/callback-token.ts';
import { basicAuth, type ConfigProblem, secretList } from './support/http-members.ts';
import { sameAsAny, sameSecret } from './support/same-secret.ts';

/**
 * How Infobip proves itself is a setting of the account ("Create security settings", infobip.com/docs/api/platform/
 * subscriptions-api; "Manage your event subscriptions"): nothing, a user and password, or an HMAC-SHA256 in hex, over the
 * body alone under a header of one's choice or, as `exchange`, over a timestamp and the body. A token in the URL needs no
 * setting. Whatever is configured here is demanded, all of it.
 */
export const callbackAuthMembers = {
  callback_token: Type.Optional(callbackToken()),
  callback_basic: Type.Optional(
    Type.Object(
      { user: Type.String({ minLength: 1 }), password: Type.String({ minLength: 16 }) },
      { additionalProperties: false },
    ),
  ),
  callback_hmac: Type.Optional(
    Type.Object(
      {
        secrets: secretList(16),
        scheme: Type.Enum(['body', 'exchange'], { default: 'body' }),
        header: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$', description: 'Of scheme `body`.' })),
      },
      { additionalProperties: false },
    ),
  ),
};

const schema = Type.Object(callbackAuthMembers);

export type CallbackAuth = Static<typeof schema>;

export const hasCallbackAuth = ({ callback_token, callback_basic, callback_hmac }: CallbackAuth) =>
  callback_token !== undefined || callback_basic !== undefined || callback_hmac !== undefined;

export function checkCallbackAuth({ callback_hmac }: CallbackAuth): ConfigProblem[] {
  if (callback_hmac?.scheme !== 'body' || callback_hmac.header !== undefined) return [];
  return [{ pointer: '/callback_hmac/header', message: 'must name the header that the account is set to sign with' }];
}

/** Why it is not authentic; null when it is. */
export function refuseCallback(request: CallbackRequest, auth: CallbackAuth): string | null {
  const { callback_token, callback_basic, callback_hmac } = auth;
  if (!hasCallbackAuth(auth)) return 'no way to authenticate callbacks is configured';
  const { authorization } = request.headers;
  if (callback_basic && !sameSecret(authorization, basicAuth(callback_basic.user, callback_basic.password))) {
    return 'wrong user or password';
  }
  const why = callback_token === undefined ? null : refuseToken(request, callback_token);
  return why ?? (callback_hmac ? refuseHmac(request, callback_hmac) : null);
}

const WINDOW_MS = 10 * 60_000;

function refuseHmac(
  { headers, body, now }: CallbackRequest,
  { secrets, scheme, header = '' }: NonNullable<CallbackAuth['callback_hmac']>,
): string | null {
  const timestamp = scheme === 'exchange' ? (headers['x-ib-exchange-req-timestamp'] ?? '') : '';
  const given = headers[scheme === 'exchange' ? 'x-ib-exchange-req-signature' : header.toLowerCase()];
  const signatures = secrets.map((secret) => createHmac('sha256', secret).update(timestamp).update(body).digest('hex'));
  if (!sameAsAny(given?.toLowerCase(), signatures)) return 'the signature is missing or does not fit';
  if (scheme === 'body') return null;
  const signedAt = /^\d{13}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  return Math.abs(now - signedAt) <= WINDOW_MS ? null : 'the timestamp is missing or too far from now';
}
