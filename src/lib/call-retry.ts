/** When a call is made again: by the policy of a project, or as one message asks for it. */
export interface CallRetry {
  /** Calls in all. */
  attempts: number;
  wait_seconds: number;
  /** How a call must have ended. */
  on: readonly CallRetryReason[];
}

/** That a person did not hear the message, and may hear it next time. */
export const CALL_RETRY_REASONS = [
  'busy',
  'no_answer',
  'declined',
  'machine_answered',
  'no_key_pressed',
  'unreachable_recipient',
] as const;
export type CallRetryReason = (typeof CALL_RETRY_REASONS)[number];

export const CALL_RETRY_BOUNDS = {
  attempts: { minimum: 1, maximum: 5 },
  wait_seconds: { minimum: 30, maximum: 3_600 },
} as const;
