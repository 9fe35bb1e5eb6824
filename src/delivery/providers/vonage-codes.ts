import type { ReceiptStatus } from '../provider.ts';
import type { Reason } from '../reasons.ts';
import type { CodeVerdict } from './support/verdict.ts';

/**
 * Vonage Messages API: "API Errors" (developer.vonage.com/en/api-errors/messages), the end of `type` in an answer and
 * of `error.type` in a status; and the generic ones of developer.vonage.com/en/api-errors, by word.
 */
export const vonageMessagesErrors: Readonly<Record<string, CodeVerdict>> = {
  'low-balance': ['failed', 'insufficient_credit'],
  unauthorized: ['failed', 'authentication_failed'],
  forbidden: ['failed', 'authentication_failed'],
  unprovisioned: ['failed', 'misconfigured'],
  'account-suspended': ['failed', 'authentication_failed'],
  'jwt-expired': ['failed', 'authentication_failed'],
  'jwt-revoked': ['failed', 'authentication_failed'],
  'invalid-api-key': ['failed', 'authentication_failed'],
  'invalid-signature': ['failed', 'authentication_failed'],
  '1000': ['failed', 'rate_limited'],
  '1010': ['failed', 'misconfigured'],
  '1020': ['rejected', 'unknown'],
  '1030': ['failed', 'unavailable'],
  '1040': ['rejected', 'invalid_recipient'],
  '1050': ['rejected', 'blocked_recipient'],
  '1060': ['failed', 'authentication_failed'],
  '1070': ['failed', 'insufficient_credit'],
  '1080': ['failed', 'misconfigured'],
  '1090': ['rejected', 'invalid_message'],
  '1100': ['failed', 'unavailable'],
  '1110': ['failed', 'authentication_failed'],
  '1120': ['failed', 'sender_refused'],
  '1130': ['failed', 'misconfigured'],
  '1140': ['failed', 'misconfigured'],
  '1160': ['failed', 'destination_refused'],
  '1170': ['rejected', 'invalid_recipient'],
  '1180': ['rejected', 'unreachable_recipient'],
  '1190': ['rejected', 'invalid_recipient'],
  '1200': ['rejected', 'unreachable_recipient'],
  '1210': ['failed', 'filtered'],
  '1220': ['rejected', 'unreachable_recipient'],
  '1230': ['failed', 'network_error'],
  '1240': ['rejected', 'opted_out'],
  '1241': ['failed', 'rate_limited'],
  '1250': ['failed', 'destination_refused'],
  '1260': ['rejected', 'unreachable_recipient'],
  '1270': ['rejected', 'blocked_recipient'],
  '1280': ['rejected', 'blocked_recipient'],
  '1290': ['rejected', 'blocked_recipient'],
  '1330': ['failed', 'unknown'],
  '1360': ['rejected', 'expired'],
};

/** "Messages API Status Callbacks" (developer.vonage.com/en/messages/concepts/messages-status-callbacks). */
export const vonageMessagesStatuses: Readonly<Record<string, ReceiptStatus>> = {
  submitted: 'sent',
  delivered: 'delivered',
  read: 'read',
  rejected: 'rejected',
  undeliverable: 'undelivered',
};

/** Vonage SMS API: `status` of each message in an answer (developer.vonage.com/en/api-errors/sms). */
export const vonageSmsErrors: Readonly<Record<string, CodeVerdict>> = {
  '1': ['failed', 'rate_limited'],
  '2': ['failed', 'misconfigured'],
  '3': ['rejected', 'unknown'],
  '4': ['failed', 'authentication_failed'],
  '6': ['rejected', 'invalid_recipient'],
  '7': ['rejected', 'blocked_recipient'],
  '8': ['failed', 'authentication_failed'],
  '9': ['failed', 'insufficient_credit'],
  '10': ['failed', 'rate_limited'],
  '11': ['failed', 'misconfigured'],
  '12': ['rejected', 'invalid_message'],
  '14': ['failed', 'authentication_failed'],
  '15': ['failed', 'sender_refused'],
  '16': ['failed', 'misconfigured'],
  '22': ['failed', 'misconfigured'],
  '23': ['failed', 'misconfigured'],
  '29': ['failed', 'destination_refused'],
  '32': ['failed', 'misconfigured'],
  '33': ['rejected', 'invalid_recipient'],
};

/** "Internal Error. An error has occurred in the platform whilst processing this message": how far it came is not said. */
export const VONAGE_SMS_INTERNAL_ERROR = '5';

/** `status` of a delivery receipt (developer.vonage.com/en/messaging/sms/guides/delivery-receipts). */
export const vonageSmsStatuses: Readonly<Record<string, ReceiptStatus>> = {
  buffered: 'buffered',
  accepted: 'sent',
  delivered: 'delivered',
  failed: 'undelivered',
  expired: 'expired',
  rejected: 'rejected',
  deleted: 'rejected',
  unknown: 'unknown',
};

/** `err-code` of a delivery receipt: "Vonage SMS Delivery Error Codes and Descriptions" (api.support.vonage.com). */
export const vonageSmsReasons: Readonly<Record<string, Reason>> = {
  '1': 'unknown',
  '2': 'unreachable_recipient',
  '3': 'invalid_recipient',
  '4': 'blocked_recipient',
  '5': 'unreachable_recipient',
  '6': 'filtered',
  '7': 'unreachable_recipient',
  '8': 'network_error',
  '9': 'opted_out',
  '10': 'invalid_message',
  '11': 'destination_refused',
  '12': 'unreachable_recipient',
  '13': 'blocked_recipient',
  '14': 'blocked_recipient',
  '15': 'blocked_recipient',
  '99': 'unknown',
};
