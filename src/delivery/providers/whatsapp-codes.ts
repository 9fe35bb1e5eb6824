import type { ReceiptStatus } from '../provider.ts';
import type { CodeVerdict } from './support/verdict.ts';

/**
 * Meta, "WhatsApp Cloud API: Error Codes" (developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes): the
 * same codes in answers and in webhooks. Each says that the message was not sent, also beside a 5xx; code 1 ("invalid
 * request or possible server error") does not and is left out.
 */
export const whatsappErrors: Readonly<Record<string, CodeVerdict>> = {
  // Token and permissions.
  '0': ['failed', 'authentication_failed'],
  '3': ['failed', 'authentication_failed'],
  '10': ['failed', 'authentication_failed'],
  '190': ['failed', 'authentication_failed'],
  '200': ['failed', 'authentication_failed'],
  '131005': ['failed', 'authentication_failed'],
  // Limits.
  '4': ['failed', 'rate_limited'],
  '80007': ['failed', 'rate_limited'],
  '130429': ['failed', 'rate_limited'],
  '131048': ['failed', 'rate_limited'],
  '131056': ['failed', 'rate_limited'],
  // Service.
  '2': ['failed', 'unavailable'],
  '131000': ['failed', 'unavailable'],
  '131016': ['failed', 'unavailable'],
  '131057': ['failed', 'unavailable'],
  '133004': ['failed', 'unavailable'],
  // Account, number and template.
  '33': ['failed', 'misconfigured'],
  // Parameters: all but the recipient's number and the code come from the configuration.
  '100': ['failed', 'misconfigured'],
  '131008': ['failed', 'misconfigured'],
  '131009': ['failed', 'misconfigured'],
  '368': ['failed', 'sender_refused'],
  '131031': ['failed', 'sender_refused'],
  '131037': ['failed', 'sender_refused'],
  '131042': ['failed', 'insufficient_credit'],
  '131045': ['failed', 'misconfigured'],
  '132000': ['failed', 'misconfigured'],
  '132001': ['failed', 'misconfigured'],
  '132005': ['rejected', 'invalid_message'],
  '132007': ['failed', 'filtered'],
  '132012': ['failed', 'misconfigured'],
  '132015': ['failed', 'misconfigured'],
  '132016': ['failed', 'misconfigured'],
  '133000': ['failed', 'misconfigured'],
  '133010': ['failed', 'misconfigured'],
  // The recipient.
  '131021': ['rejected', 'invalid_recipient'],
  '131026': ['rejected', 'not_on_channel'],
  '131050': ['rejected', 'opted_out'],
  // More than 24 hours after the recipient's last message only a template may be sent.
  '131047': ['failed', 'destination_refused'],
  '130472': ['failed', 'destination_refused'],
  '130497': ['failed', 'destination_refused'],
  '131030': ['failed', 'destination_refused'],
  '131049': ['failed', 'filtered'],
  // The message.
  '131051': ['failed', 'unsupported'],
  '131052': ['rejected', 'invalid_message'],
  '131053': ['rejected', 'invalid_message'],
  '135000': ['failed', 'unknown'],
};

/** "Status messages webhook reference". `played` is of voice messages. */
export const whatsappStatuses: Readonly<Record<string, ReceiptStatus>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  played: 'read',
  failed: 'undelivered',
};
