import { createHmac } from 'node:crypto';
import type { CallbackRequest } from '../provider.ts';
import { readReference } from './support/address.ts';
import { sameAsAny } from './support/same-secret.ts';

/** What Plivo posts; on GET it is in the query. */
export function readPlivoForm({ method, query, body }: CallbackRequest): URLSearchParams {
  return method === 'POST' ? new URLSearchParams(body.toString('utf8')) : query;
}

export type PlivoSignature = { version: 3 | 2 } | { why: string };

/**
 * Which signature it bears. Version 3, of voice (plivo.com/docs/voice/concepts/signature-validation), covers URL, query
 * and form; version 2, of messaging (docs.plivo.com/docs/messaging/concepts/signature-validation), covers scheme, host
 * and path only. Where there is a version 3 it must hold. Neither tells when it was made.
 */
export function checkPlivoSignature(request: CallbackRequest, authTokens: readonly string[]): PlivoSignature {
  const version = 'x-plivo-signature-v3-nonce' in request.headers ? 3 : 2;
  const nonce = request.headers[`x-plivo-signature-v${version}-nonce`];
  if (nonce === undefined || nonce === '') return { why: 'no X-Plivo-Signature' };
  const text = version === 3 ? `${signedUrl(request)}.${nonce}` : `${withoutQuery(request.url)}${nonce}`;
  const valid = authTokens.map((token) => createHmac('sha256', token).update(text).digest('base64'));
  // One is of the subaccount, the other (`ma`) of its main account; either may be a list.
  const given = [`x-plivo-signature-v${version}`, `x-plivo-signature-ma-v${version}`]
    .flatMap((name) => request.headers[name]?.split(',') ?? [])
    .map((signature) => sameAsAny(signature.trim(), valid));
  return given.includes(true) ? { version } : { why: `wrong X-Plivo-Signature-V${version}` };
}

const withoutQuery = (url: string) => url.replace(/[?#].*$/s, '');

function signedUrl(request: CallbackRequest): string {
  const { method, url, query } = request;
  const sortedQuery = sortedPairs(query, '=').join('&');
  const form = method === 'POST' ? sortedPairs(readPlivoForm(request), '').join('') : '';
  const separator = sortedQuery !== '' || form !== '' ? '?' : '';
  return `${withoutQuery(url)}${separator}${sortedQuery}${sortedQuery !== '' && form !== '' ? '.' : ''}${form}`;
}

function sortedPairs(members: URLSearchParams, between: string): string[] {
  const names = [...new Set(members.keys())].sort();
  return names.flatMap((name) =>
    members
      .getAll(name)
      .sort()
      .map((value) => `${name}${between}${value}`),
  );
}

/**
 * The callback URL of one message. As version 2 signs neither query nor form, the URL itself vouches for the reference:
 * who has seen the callback of one message cannot make one for another.
 */
export function withVouchedReference(url: string, reference: string, authToken: string): string {
  const vouched = new URL(url);
  vouched.searchParams.set('ref', reference);
  vouched.searchParams.set('mac', mac(reference, authToken));
  return vouched.href;
}

export function readVouchedReference({ query }: CallbackRequest, authTokens: readonly string[]): string | undefined {
  const reference = readReference(query.get('ref'));
  if (reference === undefined) return undefined;
  const valid = authTokens.map((token) => mac(reference, token));
  return sameAsAny(query.get('mac') ?? undefined, valid) ? reference : undefined;
}

const mac = (reference: string, authToken: string) =>
  createHmac('sha256', authToken).update(`countersign reference\0${reference}`).digest('base64url');
