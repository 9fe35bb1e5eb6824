import { createHmac, type KeyObject } from 'node:crypto';
import { hashEmail, parseEmail } from '../../lib/email.ts';
import { hashPhone, parsePhone } from '../../lib/phone.ts';
import type { AddressKind, DraftAddress } from './contact.ts';

export interface ReadAddress extends DraftAddress {
  /** ISO 3166-1 alpha-2, of a phone number. */
  country: string | null;
}

/** What messengers call people by when it is no number: a business-scoped user id, a chat. */
const MESSENGER_ID = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/;

/**
 * Hashed as messages and events are filed. Numbers are international ones, or of `country`. Null: nobody can be reached
 * there.
 */
export function readAddress(
  hashKey: KeyObject,
  kind: AddressKind,
  text: string,
  country: string | null = null,
): ReadAddress | null {
  if (kind === 'email') {
    const email = parseEmail(text);
    return email && { address: email.address, hash: hashEmail(hashKey, email.address), country: null };
  }
  const phone = parsePhone(text, country);
  if (phone) return { address: phone.e164, hash: hashPhone(hashKey, phone.e164), country: phone.country };
  if (kind === 'phone' || !MESSENGER_ID.test(text)) return null;
  const hash = createHmac('sha256', hashKey).update(`${kind}\0${text}`).digest('base64url');
  return { address: text, hash, country: null };
}
