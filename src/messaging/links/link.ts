/**
 * Words used in this folder.
 *
 * link      a short URL that leads to one address; of a message it is one recipient's alone
 * code      what stands in the URL; its id is `lnk_` and the code
 * click     a request for it, by whatever made it
 * human     a click that nothing shows to be a machine's
 * visitor   a keyed hash of network and user agent: tells clicks of different people apart without knowing them
 */
import { createHmac, type KeyObject, randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { LinkTable } from '../../db/schema/templates.ts';
import { encodeId } from '../../lib/ids.ts';

export type LinkRow = Selectable<LinkTable>;

/** 13 × 5 = 65 bits: among a billion links, thirty-seven billion guesses make a hit, and few are let through. */
const CODE_CHARACTERS = 13;
export const LINK_CODE = /^[0-9a-hjkmnp-tv-z]{13}$/;
export const LINK_ID = /^lnk_[0-9a-hjkmnp-tv-z]{13}$/;

export function newLinkId(): string {
  return `lnk_${encodeId(randomBytes(CODE_CHARACTERS))}`;
}

/** Nobody without the key can tell it; a rerun for the same message makes the same links. */
export function linkIdOf(key: KeyObject, messageId: string, index: number): string {
  const bytes = createHmac('sha256', key).update(`link\0${messageId}\0${index}`).digest();
  return `lnk_${encodeId(bytes.subarray(0, CODE_CHARACTERS))}`;
}

/** `source`, `medium`, `campaign`, `term`, `content`. */
export type Utm = Readonly<Record<string, string>>;

const MAX_URL = 2_000;

/** The address a link leads to, as it is put into the redirect; or why it does not. */
export function readTarget(
  given: string,
  utm: Utm = {},
): { kind: 'ok'; url: string } | { kind: 'invalid'; message: string } {
  const url = URL.parse(given);
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    return invalid('is not a URL that begins with https:// or http://');
  if (url.username !== '' || url.password !== '') return invalid('names a user, which hides where it leads');
  for (const [name, value] of Object.entries(utm)) {
    // What the address has already is its author's choice.
    if (!url.searchParams.has(`utm_${name}`)) url.searchParams.append(`utm_${name}`, value);
  }
  return url.href.length > MAX_URL ? invalid(`is longer than ${MAX_URL} characters`) : { kind: 'ok', url: url.href };
}

const invalid = (message: string) => ({ kind: 'invalid', message }) as const;

export function shortUrlOf(baseUrl: string, id: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/${id.slice('lnk_'.length)}`;
}
