/**
 * Why a message was not sent or not delivered, in one vocabulary for all carriers; a carrier's own code is kept beside
 * it. `mendable`: another carrier may succeed. `carrier`: it speaks against the carrier's health, not the message.
 */
export const reasons = {
  // The recipient.
  invalid_recipient: { mendable: false, carrier: false },
  unreachable_recipient: { mendable: false, carrier: false },
  blocked_recipient: { mendable: false, carrier: false },
  opted_out: { mendable: false, carrier: false },
  no_consent: { mendable: false, carrier: false },
  suppressed: { mendable: false, carrier: false },
  no_answer: { mendable: false, carrier: false },
  busy: { mendable: false, carrier: false },
  declined: { mendable: false, carrier: false },
  machine_answered: { mendable: false, carrier: false },
  no_key_pressed: { mendable: false, carrier: false },
  not_on_channel: { mendable: false, carrier: false },
  // The message.
  invalid_message: { mendable: false, carrier: false },
  filtered: { mendable: true, carrier: false },
  expired: { mendable: false, carrier: false },
  // What this carrier will not do for us.
  sender_refused: { mendable: true, carrier: false },
  destination_refused: { mendable: true, carrier: false },
  unsupported: { mendable: true, carrier: false },
  insufficient_credit: { mendable: true, carrier: true },
  authentication_failed: { mendable: true, carrier: true },
  misconfigured: { mendable: true, carrier: true },
  // The carrier at this time.
  rate_limited: { mendable: true, carrier: true },
  queue_full: { mendable: true, carrier: true },
  unavailable: { mendable: true, carrier: true },
  connection_failed: { mendable: true, carrier: true },
  network_error: { mendable: true, carrier: true },
  // It may have been sent.
  timeout: { mendable: false, carrier: true },
  connection_lost: { mendable: false, carrier: true },
  unreadable_answer: { mendable: false, carrier: true },
  process_lost: { mendable: false, carrier: false },
  internal_error: { mendable: false, carrier: false },
  // Nobody said anything.
  no_receipt: { mendable: false, carrier: false },
  no_provider: { mendable: false, carrier: false },
  unknown: { mendable: true, carrier: false },
} as const satisfies Record<string, { mendable: boolean; carrier: boolean }>;

export type Reason = keyof typeof reasons;
