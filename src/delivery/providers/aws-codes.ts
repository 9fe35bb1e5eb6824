import type { ReceiptStatus } from '../provider.ts';
import type { Reason } from '../reasons.ts';

/**
 * Exceptions of SendTextMessage (API reference of pinpoint-sms-voice-v2; enums of the SDK), by class and `Reason`, or by
 * class alone. Each is documented as a refusal: nothing was sent. InternalServerException is not here: it does not say.
 */
export const awsExceptions: Readonly<Record<string, Reason>> = {
  AccessDeniedException: 'authentication_failed',
  'AccessDeniedException.INSUFFICIENT_ACCOUNT_REPUTATION': 'misconfigured',
  'AccessDeniedException.ACCOUNT_DISABLED': 'misconfigured',
  ConflictException: 'misconfigured',
  'ConflictException.DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION': 'destination_refused',
  'ConflictException.DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE': 'destination_refused',
  'ConflictException.DESTINATION_PHONE_NUMBER_NOT_VERIFIED': 'destination_refused',
  'ConflictException.DESTINATION_PHONE_NUMBER_OPTED_OUT': 'opted_out',
  'ConflictException.NO_ORIGINATION_IDENTITIES_FOUND': 'sender_refused',
  'ConflictException.NUMBER_CAPABILITIES_MISMATCH': 'sender_refused',
  'ConflictException.MESSAGE_TYPE_MISMATCH': 'sender_refused',
  'ConflictException.PHONE_NUMBER_NOT_ASSOCIATED_TO_POOL': 'sender_refused',
  ResourceNotFoundException: 'misconfigured',
  'ResourceNotFoundException.phone-number': 'sender_refused',
  'ResourceNotFoundException.sender-id': 'sender_refused',
  'ResourceNotFoundException.pool': 'sender_refused',
  ServiceQuotaExceededException: 'rate_limited',
  'ServiceQuotaExceededException.MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT': 'insufficient_credit',
  ThrottlingException: 'rate_limited',
  ValidationException: 'unknown',
  'ValidationException.COUNTRY_NOT_ENABLED': 'destination_refused',
  'ValidationException.DESTINATION_COUNTRY_BLOCKED': 'destination_refused',
  'ValidationException.INTERNATIONAL_SENDING_NOT_SUPPORTED': 'destination_refused',
  'ValidationException.PRICE_OVER_THRESHOLD': 'destination_refused',
  'ValidationException.INVALID_IDENTITY_FOR_DESTINATION_COUNTRY': 'sender_refused',
  'ValidationException.SENDER_ID_NOT_REGISTERED': 'sender_refused',
  'ValidationException.SENDER_ID_NOT_SUPPORTED': 'sender_refused',
  'ValidationException.SENDER_ID_REQUIRES_REGISTRATION': 'sender_refused',
  'ValidationException.COUNTRY_CODE_MISMATCH': 'sender_refused',
  'ValidationException.RESOURCE_NOT_ACCESSIBLE': 'misconfigured',
  'ValidationException.CHANNEL_NOT_ENABLED': 'misconfigured',
  'ValidationException.MAXIMUM_SIZE_EXCEEDED': 'invalid_message',
  // Common errors of every service ("Common Errors" of the API reference).
  UnrecognizedClientException: 'authentication_failed',
  InvalidSignatureException: 'authentication_failed',
  IncompleteSignature: 'authentication_failed',
  InvalidClientTokenId: 'authentication_failed',
  MissingAuthenticationTokenException: 'authentication_failed',
  ExpiredTokenException: 'authentication_failed',
  SignatureDoesNotMatch: 'authentication_failed',
  OptInRequired: 'authentication_failed',
  NotAuthorized: 'authentication_failed',
  RequestExpired: 'authentication_failed',
  TooManyRequestsException: 'rate_limited',
};

/** Fields of a ValidationException with reason FIELD_VALIDATION_FAILED or INVALID_PARAMETER. */
export const awsFields: Readonly<Record<string, Reason>> = {
  DestinationPhoneNumber: 'invalid_recipient',
  OriginationIdentity: 'sender_refused',
  MessageBody: 'invalid_message',
  ConfigurationSetName: 'misconfigured',
  Keyword: 'misconfigured',
  MaxPrice: 'misconfigured',
  ProtectConfigurationId: 'misconfigured',
  TimeToLive: 'misconfigured',
};

/**
 * "Event types for SMS, MMS, and voice" (docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-types).
 * TEXT_SUCCESSFUL is the carrier's; in some countries it is all there will be.
 */
export const awsEvents: Readonly<Record<string, readonly [ReceiptStatus, Reason?]>> = {
  TEXT_QUEUED: ['buffered'],
  TEXT_PENDING: ['buffered'],
  TEXT_SENT: ['sent'],
  TEXT_SUCCESSFUL: ['sent'],
  TEXT_DELIVERED: ['delivered'],
  TEXT_BLOCKED: ['undelivered', 'blocked_recipient'],
  TEXT_TTL_EXPIRED: ['expired'],
  TEXT_CARRIER_UNREACHABLE: ['undelivered', 'network_error'],
  TEXT_CARRIER_BLOCKED: ['undelivered', 'filtered'],
  TEXT_INVALID: ['undelivered', 'invalid_recipient'],
  TEXT_INVALID_MESSAGE: ['undelivered', 'invalid_message'],
  TEXT_UNREACHABLE: ['undelivered', 'unreachable_recipient'],
  TEXT_SPAM: ['undelivered', 'filtered'],
  TEXT_PROTECT_BLOCKED: ['rejected', 'destination_refused'],
  TEXT_UNKNOWN: ['unknown'],
};
