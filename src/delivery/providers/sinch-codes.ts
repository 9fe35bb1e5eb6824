import type { ReceiptStatus } from '../provider.ts';
import type { Reason } from '../reasons.ts';
import type { CodeVerdict } from './support/verdict.ts';

/**
 * Sinch, "HTTP Status Codes for the SMS REST API" (developers.sinch.com/docs/sms/api-reference/status-codes). Which
 * parameter a `syntax_…` is about is told in words only, hence those are not here.
 */
export const sinchErrors: Readonly<Record<string, CodeVerdict>> = {
  missing_default_originator: ['failed', 'sender_refused'],
  missing_callback_url: ['failed', 'misconfigured'],
  unknown_campaign: ['failed', 'misconfigured'],
  unauthorized: ['failed', 'authentication_failed'],
};

/** "Delivery report statuses" (developers.sinch.com/docs/sms/api-reference/sms/delivery-reports). */
export const sinchStatuses: Readonly<Record<string, ReceiptStatus>> = {
  Queued: 'buffered',
  Dispatched: 'sent',
  Delivered: 'delivered',
  Failed: 'undelivered',
  Expired: 'expired',
  Rejected: 'rejected',
  Aborted: 'rejected',
  Cancelled: 'rejected',
  Deleted: 'undelivered',
  Unknown: 'unknown',
};

/**
 * "Delivery report error codes": those of the REST API, and below 400 those of SMPP status reports
 * (developers.sinch.com/docs/sms/smpp/error-codes, …/10dlc-errors) as far as their meaning is documented.
 */
export const sinchReasons: Readonly<Record<string, Reason>> = {
  '15': 'filtered',
  '60': 'sender_refused',
  '62': 'filtered',
  '64': 'rate_limited',
  '152': 'unreachable_recipient',
  '300': 'invalid_recipient',
  '310': 'sender_refused',
  '402': 'destination_refused',
  '403': 'unavailable',
  '404': 'network_error',
  '405': 'misconfigured',
  '406': 'expired',
  '407': 'unknown',
  '408': 'destination_refused',
  '410': 'sender_refused',
  '411': 'invalid_message',
  '412': 'destination_refused',
};
