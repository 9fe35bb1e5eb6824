import type { ReceiptStatus } from '../provider.ts';
import type { Reason } from '../reasons.ts';
import type { CodeVerdict } from './support/verdict.ts';

/** "Return codes" (octopush.com/en/sms-gateway-api-documentation/return-codes), those that a send of ours can meet. */
export const octopushErrors: Readonly<Record<string, CodeVerdict>> = {
  '100': ['failed', 'misconfigured'],
  '101': ['failed', 'authentication_failed'],
  '102': ['rejected', 'invalid_message'],
  '103': ['rejected', 'invalid_recipient'],
  '104': ['failed', 'insufficient_credit'],
  '105': ['failed', 'insufficient_credit'],
  '106': ['failed', 'sender_refused'],
  '107': ['rejected', 'invalid_message'],
  '108': ['failed', 'authentication_failed'],
  '109': ['failed', 'authentication_failed'],
  '110': ['rejected', 'invalid_recipient'],
  '111': ['rejected', 'invalid_recipient'],
  '112': ['failed', 'misconfigured'],
  '113': ['failed', 'misconfigured'],
  '114': ['failed', 'misconfigured'],
  '117': ['rejected', 'invalid_recipient'],
  '119': ['rejected', 'invalid_message'],
  // The mention of STOP is missing in a marketing text.
  '121': ['failed', 'filtered'],
  '122': ['failed', 'filtered'],
};

/** The request id was used before: what became of the message that used it is told elsewhere. */
export const OCTOPUSH_ALREADY_SENT = '120';

/**
 * "Callback Acknowledge Receipt" (dev.octopush.com/en/sms-gateway-api-documentation/callbacks/acknowledge-receipt) and
 * "callbacks-statuses" (octopush-api.readme.io/reference/get_callbacks-statuses). ACK is the first carrier's.
 */
export const octopushStatuses: Readonly<Record<string, readonly [ReceiptStatus, Reason?]>> = {
  PROCESSED: ['buffered'],
  TRANSMITTED: ['buffered'],
  ACK: ['sent'],
  DELIVERED: ['delivered'],
  READ: ['read'],
  NOT_DELIVERED: ['undelivered'],
  NOT_DELIVERABLE: ['undelivered', 'unreachable_recipient'],
  NOT_ALLOWED: ['rejected', 'destination_refused'],
  BAD_DESTINATION: ['undelivered', 'invalid_recipient'],
  BLACKLISTED_NUMBER: ['rejected', 'opted_out'],
  UNKNOWN_DELIVERY: ['unknown'],
  UNDEFINED: ['unknown'],
};
