import { Type } from 'typebox';
import type { CallbackRequest } from '../../provider.ts';
import { sameAsAny } from './same-secret.ts';

/**
 * For carriers that sign nothing: a secret in the callback URL. It proves that the caller was told the URL and no more;
 * a list of the carrier's addresses belongs in front of the service. Several while one takes the place of another: the
 * first is given out.
 */
export const callbackToken = () => {
  const token = Type.String({ minLength: 24, maxLength: 200, pattern: '^[A-Za-z0-9_-]+$' });
  const description = 'At least 24 letters, digits, _ and -; goes into the callback URL as ?token=';
  return Type.Union([token, Type.Array(token, { minItems: 1, maxItems: 4 })], { description });
};

export type CallbackToken = string | readonly string[];

export function withToken(url: string, token: CallbackToken): string {
  const tokened = new URL(url);
  tokened.searchParams.set('token', oneOrMore(token)[0] ?? '');
  return tokened.href;
}

/** Why it is not authentic; null when it is. */
export function refuseToken({ query }: CallbackRequest, token: CallbackToken): string | null {
  const [given, ...more] = query.getAll('token');
  if (given === undefined) return 'no token in the URL';
  // A second one is nothing a carrier makes of the URL it was told.
  return more.length === 0 && sameAsAny(given, oneOrMore(token)) ? null : 'wrong token in the URL';
}

const oneOrMore = (token: CallbackToken) => (typeof token === 'string' ? [token] : token);
