import type { ReceiptStatus } from '../provider.ts';
import type { Reason } from '../reasons.ts';

/** Plivo, "Error Codes" (plivo.com/docs/messaging/troubleshooting/error-codes). They come in receipts only. */
export const plivoReasons: Readonly<Record<string, Reason>> = {
  '10': 'invalid_message',
  '20': 'network_error',
  '30': 'filtered',
  '40': 'sender_refused',
  '50': 'invalid_recipient',
  '60': 'filtered',
  '70': 'unreachable_recipient',
  '80': 'unreachable_recipient',
  '90': 'destination_refused',
  '100': 'destination_refused',
  '110': 'invalid_message',
  '200': 'opted_out',
  '201': 'destination_refused',
  '300': 'unavailable',
  '420': 'expired',
  '450': 'destination_refused',
  '900': 'insufficient_credit',
  '910': 'authentication_failed',
  '1000': 'unknown',
};

/** "Message Status Callbacks" (plivo.com/docs/messaging/api/message/message-status-callbacks). */
export const plivoStatuses: Readonly<Record<string, ReceiptStatus>> = {
  queued: 'buffered',
  sent: 'sent',
  delivered: 'delivered',
  undelivered: 'undelivered',
  failed: 'rejected',
  rejected: 'rejected',
  read: 'read',
};
