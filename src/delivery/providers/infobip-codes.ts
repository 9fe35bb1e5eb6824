import type { ReceiptStatus } from '../provider.ts';
import type { Reason } from '../reasons.ts';

/** "Response status and error codes" (infobip.com/docs/essentials/response-status-and-error-codes), statuses by name. */
export const infobipStatuses: Readonly<Record<string, readonly [ReceiptStatus, Reason?]>> = {
  PENDING_ACCEPTED: ['buffered'],
  PENDING_ENROUTE: ['sent'],
  PENDING_WAITING_DELIVERY: ['sent'],
  // As far as the operator: no handset has said that it has it.
  DELIVERED_TO_OPERATOR: ['sent'],
  DELIVERED_TO_HANDSET: ['delivered'],
  UNDELIVERABLE_REJECTED_OPERATOR: ['undelivered', 'filtered'],
  UNDELIVERABLE_NOT_DELIVERED: ['undelivered'],
  EXPIRED_EXPIRED: ['expired'],
  // No report came in time; the message may have.
  EXPIRED_DLR_UNKNOWN: ['unknown'],
};

/** By `groupName`, for names that are not in the table. */
export const infobipGroups: Readonly<Record<string, readonly [ReceiptStatus, Reason?]>> = {
  PENDING: ['sent'],
  DELIVERED: ['delivered'],
  UNDELIVERABLE: ['undelivered'],
  EXPIRED: ['expired'],
  REJECTED: ['rejected'],
};

/** Group REJECTED, at once or in a report: nothing was sent. */
export const infobipRejections: Readonly<Record<string, Reason>> = {
  REJECTED_NETWORK: 'destination_refused',
  REJECTED_NOT_REACHABLE: 'destination_refused',
  REJECTED_PREFIX_MISSING: 'invalid_recipient',
  REJECTED_DND: 'opted_out',
  REJECTED_SOURCE: 'sender_refused',
  REJECTED_NOT_ENOUGH_CREDITS: 'insufficient_credit',
  REJECTED_SENDER: 'sender_refused',
  REJECTED_DESTINATION: 'blocked_recipient',
  REJECTED_PREPAID_PACKAGE_EXPIRED: 'insufficient_credit',
  REJECTED_DESTINATION_NOT_REGISTERED: 'destination_refused',
  REJECTED_ROUTE_NOT_AVAILABLE: 'destination_refused',
  REJECTED_FLOODING_FILTER: 'filtered',
  REJECTED_SYSTEM_ERROR: 'unavailable',
  REJECTED_INVALID_UDH: 'invalid_message',
  REJECTED_MESSAGE_TOO_LONG: 'invalid_message',
  MISSING_TO: 'invalid_recipient',
  REJECTED_INVALID_DESTINATION: 'invalid_recipient',
};

/** GSM and user errors beside an UNDELIVERABLE or EXPIRED, by their name. */
export const infobipErrors: Readonly<Record<string, Reason>> = {
  EC_UNKNOWN_SUBSCRIBER: 'invalid_recipient',
  EC_UNIDENTIFIED_SUBSCRIBER: 'invalid_recipient',
  EC_ILLEGAL_SUBSCRIBER: 'blocked_recipient',
  EC_ILLEGAL_EQUIPMENT: 'blocked_recipient',
  EC_CALL_BARRED: 'blocked_recipient',
  EC_BEARER_SERVICE_NOT_PROVISIONED: 'unreachable_recipient',
  EC_TELESERVICE_NOT_PROVISIONED: 'unreachable_recipient',
  EC_FACILITY_NOT_SUPPORTED: 'unreachable_recipient',
  EC_ABSENT_SUBSCRIBER: 'unreachable_recipient',
  EC_ABSENT_SUBSCRIBER_SM: 'unreachable_recipient',
  EC_SUBSCRIBER_BUSY_FOR_MT_SMS: 'unreachable_recipient',
  EC_SM_DELIVERY_FAILURE: 'network_error',
  EC_MESSAGE_WAITING_LIST_FULL: 'unreachable_recipient',
  EC_SYSTEM_FAILURE: 'network_error',
};
