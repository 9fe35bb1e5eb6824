/**
 * The one table of public errors: code → [HTTP status, title]. problem+json answers, openapi.yaml
 * and docs/errors.md are all checked against it. Internal detail never goes here.
 */
export const problems = {
  malformed_body: [400, 'The request body is not well-formed JSON'],
  malformed_request: [400, 'The request is malformed'],
  invalid_idempotency_key: [400, 'The Idempotency-Key header is not valid'],
  unauthorized: [401, 'A valid API key is required'],
  insufficient_scope: [403, 'The key lacks the scope this call needs'],
  recipient_disabled: [403, 'Too many failures in a row: the recipient must be bound again'],
  sandbox_unavailable: [403, 'The sandbox serves test keys and development only'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'The method is not allowed here'],
  request_timeout: [408, 'The request took too long to arrive'],
  verification_ended: [409, 'The verification is no longer pending'],
  message_not_waiting: [409, 'The message can no longer be called off'],
  appointment_ended: [409, 'The appointment is over or has been called off'],
  idempotency_conflict: [409, 'A request with this Idempotency-Key is still running'],
  conflict: [409, 'The object was changed by another request'],
  recipient_opted_out: [409, 'The recipient has opted out'],
  webhook_endpoint_disabled: [409, 'The webhook endpoint is disabled'],
  wrong_review_state: [409, 'The version is not in a state that allows this'],
  wrong_automation_state: [409, 'The automation is not in a state that allows this'],
  automation_entry_refused: [409, 'The automation does not let this contact in'],
  wrong_campaign_state: [409, 'The campaign is not in a state that allows this'],
  name_taken: [409, 'Something else has this name already'],
  reply_window_closed: [409, 'The person’s last message is too old: reply with an approved template'],
  routes_in_file: [409, 'The routing table is in the configuration file'],
  not_sealed_yet: [409, 'The event is not covered by a checkpoint yet'],
  body_too_large: [413, 'The request body is too large'],
  uri_too_long: [414, 'The URL is too long'],
  unsupported_media_type: [415, 'The content type must be application/json'],
  invalid_request: [422, 'The request is not valid'],
  invalid_phone_number: [422, 'The number is not a valid phone number'],
  invalid_recording: [422, 'The recording cannot be used'],
  invalid_code_format: [422, 'The code does not have the form of this verification’s codes'],
  context_required: [422, 'This verification is bound to a context, which the check must repeat'],
  no_provider: [422, 'No provider carries this channel'],
  origin_not_verified: [422, 'The origin is not verified for this project'],
  app_not_registered: [422, 'The Android app is not registered for this project'],
  policy_violation: [422, 'The project’s policy does not allow this'],
  idempotency_mismatch: [422, 'This Idempotency-Key was used with another request'],
  rate_limited: [429, 'Too many requests'],
  send_limit_reached: [429, 'A sending limit has been reached'],
  guess_limit_reached: [429, 'Too many failed guesses'],
  headers_too_large: [431, 'The request headers are too large'],
  internal_error: [500, 'An unexpected error occurred'],
  unsupported_transfer_coding: [501, 'The transfer coding is not supported'],
  recordings_unavailable: [501, 'This installation cannot take recordings'],
  overloaded: [503, 'The service is busy'],
  store_unavailable: [503, 'A store is unavailable'],
  shutting_down: [503, 'The service is shutting down'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof problems;

export interface FieldError {
  /** JSON pointer (RFC 6901) into the body, or a parameter's name. */
  pointer: string;
  message: string;
}

export interface ProblemDetails {
  /** Public, specific to this occurrence. */
  detail?: string;
  errors?: FieldError[];
  /** Sent as Retry-After (RFC 9110 §10.2.3). */
  retryAfterSeconds?: number;
  /** Public extension members (RFC 9457 §3.2). */
  extensions?: Record<string, unknown>;
  /** Internal: goes to the log, never to the caller. */
  cause?: unknown;
}

/** Thrown by routes; answered by http/error-handler.ts. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly status: number;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(problems[code][1], { cause: details.cause });
    this.code = code;
    this.status = problems[code][0];
    this.details = details;
  }
}

/** A store did not answer in time, or at all. Adapters throw it; the error handler answers 503 with Retry-After. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly store: string;
  constructor(store: 'redis' | 'database', cause?: unknown) {
    super(`${store} is unavailable`, { cause });
    this.store = store;
  }
}
