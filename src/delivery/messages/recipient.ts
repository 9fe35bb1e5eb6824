import type { Channel } from '../../lib/channels.ts';
import { parsePhone } from '../../lib/phone.ts';

export interface Recipient {
  /** E.164, or an e-mail address. */
  address: string;
  /** As events show it. */
  masked: string;
  /** ISO 3166-1 alpha-2; null for e-mail and for numbers of no country. */
  country: string | null;
}

/** Local part and domain as RFC 5321 has them without quotes; what a mail server makes of it is its own affair. */
const EMAIL = /^(?<local>[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@(?<domain>(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63})$/;

/** Null when nobody can be reached there by this channel. */
export function readRecipient(channel: Channel, to: string): Recipient | null {
  if (channel !== 'email') {
    const phone = parsePhone(to);
    return phone && { address: phone.e164, masked: phone.masked, country: phone.country };
  }
  const { local, domain } = EMAIL.exec(to)?.groups ?? {};
  if (local === undefined || domain === undefined || to.length > 254) return null;
  const address = `${local}@${domain.toLowerCase()}`;
  return { address, masked: `${local.slice(0, 1)}***@${domain.toLowerCase()}`, country: null };
}
