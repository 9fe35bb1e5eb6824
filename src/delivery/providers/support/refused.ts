import type { Failed, Rejected } from '../../provider.ts';
import { type Reason, reasons } from '../../reasons.ts';
import { failed, rejected } from './verdict.ts';

/** A refusal whose reason is known: for good when it lies in the recipient or the message, else only of this carrier. */
export function refused(reason: Reason, carrierCode?: unknown, retryAfterMs?: number): Rejected | Failed {
  const onlyHere = reasons[reason].mendable && reason !== 'unknown';
  return onlyHere ? failed(reason, carrierCode, retryAfterMs) : rejected(reason, carrierCode);
}
