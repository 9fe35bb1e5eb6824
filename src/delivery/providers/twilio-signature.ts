import { createHmac } from 'node:crypto';
import type { CallbackRequest } from '../provider.ts';
import { sameAsAny } from './support/same-secret.ts';

/** What Twilio posts; on GET it is in the query. */
export function readTwilioForm({ method, query, body }: CallbackRequest): URLSearchParams {
  return method === 'POST' ? new URLSearchParams(body.toString('utf8')) : query;
}

/**
 * Null when it is signed with one of the account's auth tokens (twilio.com/docs/usage/security, "Validating Requests"):
 * HMAC-SHA1 over the URL and all posted members in order. Nothing in it tells when it was made.
 */
export function refuseTwilioSignature(request: CallbackRequest, authTokens: readonly string[]): string | null {
  const given = request.headers['x-twilio-signature'];
  if (given === undefined) return 'no X-Twilio-Signature';
  const posted = request.method === 'POST' ? sortedMembers(readTwilioForm(request)) : '';
  const valid = spellings(request.url).flatMap((url) =>
    authTokens.map((token) =>
      createHmac('sha1', token)
        .update(url + posted)
        .digest('base64'),
    ),
  );
  return sameAsAny(given, valid) ? null : 'wrong X-Twilio-Signature';
}

function sortedMembers(form: URLSearchParams): string {
  const names = [...new Set(form.keys())].sort();
  return names.flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value)).join('');
}

/** Depending on the product the port is left out, or written even where it is the usual one. */
function spellings(url: string): string[] {
  const [, scheme, host, rest = ''] = /^(https?):\/\/([^/:?]+)(?::\d+)?(.*)$/.exec(url) ?? [];
  return [url, `${scheme}://${host}${rest}`, `${scheme}://${host}:${scheme === 'https' ? 443 : 80}${rest}`];
}
