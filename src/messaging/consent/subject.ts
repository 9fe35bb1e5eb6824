import type { KeyObject } from 'node:crypto';
import { hashRecipient, readRecipient } from '../../delivery/messages/recipient.ts';
import type { Channel } from '../../lib/channels.ts';
import type { Mode } from '../../lib/mode.ts';

/** Whose consents and suppressions. */
export interface Owner {
  project: string;
  mode: Mode;
}

export interface Addressee {
  address: string;
  masked: string;
  hash: string;
}

/** Null when nobody can be reached there by this channel; without one: by the look of the address. */
export function readAddressee(key: KeyObject, to: string, channel?: Channel): Addressee | null {
  const recipient = readRecipient(channel ?? (to.includes('@') ? 'email' : 'sms'), to);
  return recipient && { address: recipient.address, masked: recipient.masked, hash: hashRecipient(key, recipient) };
}
