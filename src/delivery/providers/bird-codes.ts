import type { ReceiptStatus } from '../provider.ts';
import type { Reason } from '../reasons.ts';

/** Bird, "Message status and interactions" (docs.bird.com/api/channels-api/message-status-and-interactions). */
export const birdStatuses: Readonly<Record<string, ReceiptStatus>> = {
  accepted: 'buffered',
  processing: 'buffered',
  scheduled: 'buffered',
  sent: 'sent',
  delivered: 'delivered',
  sending_failed: 'rejected',
  delivery_failed: 'undelivered',
  rejected: 'rejected',
  skipped: 'rejected',
  deleted: 'unknown',
};

/**
 * "SMS Platform Extended Error Codes", the reasons by word (`details`), and "Message Failure Codes" (`failure.code`),
 * which are coarser: …/message-failure-sources/sms-platform-extended-error-codes, …/message-failure-codes.
 */
export const birdReasons: Readonly<Record<string, Reason>> = {
  unknown_subscriber: 'invalid_recipient',
  incorrect_number: 'invalid_recipient',
  unavailable_subscriber: 'unreachable_recipient',
  opted_out: 'opted_out',
  expired: 'expired',
  received_network_error: 'network_error',
  carrier_rejected: 'filtered',
  capacity_limit_reached: 'rate_limited',
  insufficient_balance: 'insufficient_credit',
  '11001': 'misconfigured',
  '11002': 'invalid_message',
  '12001': 'unavailable',
  '12002': 'unsupported',
  '12003': 'destination_refused',
  '15001': 'network_error',
  '15005': 'invalid_recipient',
};

/** No report came while the message was valid: filed as a failure, but nobody knows. */
export const BIRD_NO_REPORT = 'dlr_not_received';
