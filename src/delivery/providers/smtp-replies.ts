import type { Failed, Rejected } from '../provider.ts';
import type { Reason } from '../reasons.ts';
import { failed, rejected } from './support/verdict.ts';

/**
 * Enhanced status codes (RFC 3463, with those of RFC 4954, 7372 and the IANA registry), by subject and detail: X.S.D.
 * `sender_refused` and `filtered` are about us at this relay; another may be believed.
 */
const PERMANENT: Readonly<Record<string, Reason>> = {
  '1.0': 'invalid_recipient',
  '1.1': 'invalid_recipient',
  '1.2': 'invalid_recipient',
  '1.3': 'invalid_recipient',
  '1.6': 'invalid_recipient',
  '1.10': 'invalid_recipient',
  '1.7': 'sender_refused',
  '1.8': 'sender_refused',
  '1.9': 'sender_refused',
  '2.0': 'unreachable_recipient',
  '2.1': 'unreachable_recipient',
  '2.2': 'unreachable_recipient',
  '2.3': 'invalid_message',
  '3.4': 'invalid_message',
  '4.4': 'invalid_recipient',
  '4.6': 'unreachable_recipient',
  '6.1': 'invalid_message',
  '6.2': 'invalid_message',
  '6.3': 'invalid_message',
  '7.8': 'authentication_failed',
  '7.9': 'authentication_failed',
  '7.11': 'authentication_failed',
  '7.20': 'sender_refused',
  '7.21': 'sender_refused',
  '7.22': 'sender_refused',
  '7.23': 'sender_refused',
  '7.24': 'sender_refused',
  '7.25': 'sender_refused',
  '7.26': 'sender_refused',
  '7.27': 'sender_refused',
};

/** By subject alone: 5.7.1 and its neighbours are policy. */
const BY_SUBJECT: Readonly<Record<string, Reason>> = {
  '1': 'invalid_recipient',
  '2': 'unreachable_recipient',
  '7': 'filtered',
};

/** What a reply without an enhanced code says by its place: which command it answers. */
const BY_COMMAND: Readonly<Record<string, Reason>> = {
  'MAIL FROM': 'sender_refused',
  'RCPT TO': 'invalid_recipient',
  DATA: 'filtered',
};

/** The verdict on a 4xx or 5xx reply: the message was not taken. The text of a reply is not kept: it quotes addresses. */
export function verdictOnReply(reply: string, command: string | undefined): Failed | Rejected {
  const [, code = '', enhanced, subject = '', detail = ''] =
    /^(\d{3})(?:[ -]([245]\.(\d{1,3})\.(\d{1,3})))?/.exec(reply) ?? [];
  const carrierCode = enhanced === undefined ? code : `${code}:${enhanced}`;
  if (command?.startsWith('AUTH') || code === '530' || code === '535')
    return failed('authentication_failed', carrierCode);
  if (!code.startsWith('5')) return failed(transient(subject), carrierCode);
  const byCommand = BY_COMMAND[command ?? ''];
  // A greeting, EHLO or STARTTLS: it is about the connection, not the message.
  if (byCommand === undefined) return failed('connection_failed', carrierCode);
  const reason =
    enhanced === undefined ? byCommand : (PERMANENT[`${subject}.${detail}`] ?? BY_SUBJECT[subject] ?? 'unknown');
  return reason === 'authentication_failed' ? failed(reason, carrierCode) : rejected(reason, carrierCode);
}

/** 4.2.x is about the mailbox, 4.4.x and 4.3.x about systems, 4.7.x policy: mostly greylisting and rates. */
function transient(subject: string): Reason {
  if (subject === '2') return 'queue_full';
  return subject === '7' ? 'rate_limited' : 'unavailable';
}
