import { createHmac, type KeyObject } from 'node:crypto';

export interface Email {
  /** As it was given, but for the case of its domain. */
  address: string;
  /** First letter and domain, for events: ann@example.com → a***@example.com */
  masked: string;
}

/**
 * RFC 5321 §4.1.2 without quoted local parts, address literals and bare hosts; RFC 1035 §2.3.1 for the domain. ASCII
 * only: letters that look alike would be a second spelling, and not every relay knows SMTPUTF8 (a domain can be
 * written in its xn-- form). No `%` and `!`: old relays route by them (RFC 1123 §5.2.16), past whatever limit the
 * address has.
 */
const ATOM = "[A-Za-z0-9#$&'*+/=?^_`{|}~-]+";
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const ADDRESS = new RegExp(
  `^(?<local>${ATOM}(?:\\.${ATOM})*)@(?<domain>(?:${LABEL}\\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9]))$`,
);
/** RFC 5321 §4.5.3.1: a path of 256 octets with its brackets, a local part of 64. */
export const MAX_EMAIL_LENGTH = 254;
const MAX_LOCAL_LENGTH = 64;

/** Null when it is not the address of a mailbox, or might be read as anything more than that. */
export function parseEmail(input: string): Email | null {
  if (input.length > MAX_EMAIL_LENGTH) return null;
  const { local, domain } = ADDRESS.exec(input)?.groups ?? {};
  if (local === undefined || domain === undefined || local.length > MAX_LOCAL_LENGTH) return null;
  const host = domain.toLowerCase();
  return { address: `${local}@${host}`, masked: `${local.slice(0, 1)}***@${host}` };
}

/** Keyed, as an address can be guessed. */
export function hashEmail(key: KeyObject, address: string): string {
  return createHmac('sha256', key).update(mailboxOf(address)).digest('base64url');
}

/** Google's mailboxes have any number of dots in their names and either of two domains. */
const GOOGLE = /^(?:gmail|googlemail)\.com$/;

/** What is limited and found: one for the spellings that end up in the same mailbox. Sent to is the address as given. */
function mailboxOf(address: string): string {
  const at = address.lastIndexOf('@');
  const [local, domain] = [address.slice(0, at).toLowerCase(), address.slice(at + 1).toLowerCase()];
  const name = local.replace(/(?<=.)\+.*$/, '');
  return GOOGLE.test(domain) ? `${name.replaceAll('.', '')}@gmail.com` : `${name}@${domain}`;
}
