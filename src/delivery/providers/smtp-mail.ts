import type { SendMailOptions } from 'nodemailer';
import type { OutboundMessage } from '../provider.ts';

/**
 * One address, as it may stand in an envelope: what separates, quotes or ends an address or a header is in none of
 * ours. Stricter than RFC 5321, which has quoted local parts.
 */
const ADDRESS = /^[^\s@<>()[\]\\,;:"\p{C}]{1,64}@[^\s@<>()[\]\\,;:"\p{C}]{1,255}$/u;

export const isAddress = (address: string) => ADDRESS.test(address);

/** No header of ours has a line break or another control character in its value. */
export const isHeaderText = (text: string) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);

/** The id under which the message is known to whoever handles it; ours, so that a bounce can name it. */
export const messageIdOf = ({ reference, from }: OutboundMessage) =>
  `${reference}@${from.slice(from.indexOf('@') + 1)}`;

/** Addresses as objects and the envelope apart: nothing is ever parsed out of a text. */
export function toMail(message: OutboundMessage, fromName: string | undefined): SendMailOptions {
  const { from, to, subject, text, html, locale } = message;
  return {
    envelope: { from, to: [to] },
    from: { name: fromName ?? '', address: from },
    to: { name: '', address: to },
    messageId: `<${messageIdOf(message)}>`,
    ...(subject !== undefined && { subject }),
    text,
    ...(html !== undefined && { html }),
    // Nobody's holiday answers to it: RFC 3834 §5.
    headers: { 'auto-submitted': 'auto-generated', 'content-language': locale },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
