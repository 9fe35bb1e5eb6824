import type { KeyObject } from 'node:crypto';
import type { Channel } from '../../lib/channels.ts';
import { hashEmail, parseEmail } from '../../lib/email.ts';
import { hashPhone, parsePhone } from '../../lib/phone.ts';

export interface Recipient {
  /** E.164, or an e-mail address. */
  address: string;
  /** As events show it. */
  masked: string;
  /** ISO 3166-1 alpha-2; null for e-mail and for numbers of no country. */
  country: string | null;
}

/** Null when nobody can be reached there by this channel. */
export function readRecipient(channel: Channel, to: string): Recipient | null {
  if (channel === 'email') {
    const email = parseEmail(to);
    return email && { ...email, country: null };
  }
  const phone = parsePhone(to);
  return phone && { address: phone.e164, masked: phone.masked, country: phone.country };
}

export function hashRecipient(key: KeyObject, { address }: Recipient): string {
  return address.includes('@') ? hashEmail(key, address) : hashPhone(key, address);
}
