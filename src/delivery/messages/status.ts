import type { ReceiptStatus } from '../provider.ts';
import type { AttemptStatus, MessageStatus, PartStatus } from './message.ts';

/**
 * Carriers report late, twice and in any order, and their times are of a minute or missing. So a report counts by its
 * rank alone: the highest one ever reported is what holds, which is the same for every order of arrival. That a phone
 * has the message outranks every report that it has not; nothing takes it back.
 */
const PART_RANKS = ['sent', 'unknown', 'expired', 'undelivered', 'delivered', 'read'] as const satisfies PartStatus[];

export function nextPartStatus(current: PartStatus, reported: ReceiptStatus): PartStatus {
  const next = toPartStatus(reported);
  return PART_RANKS.indexOf(next) > PART_RANKS.indexOf(current) ? next : current;
}

function toPartStatus(reported: ReceiptStatus): PartStatus {
  if (reported === 'buffered') return 'sent';
  return reported === 'rejected' ? 'undelivered' : reported;
}

/** A message is delivered when all its parts are; as long as one is under way, nothing is known yet. */
export function statusOfParts(parts: readonly PartStatus[]): AttemptStatus {
  if (parts.includes('sent')) return 'sent';
  const arrived = parts.filter((part) => part === 'delivered' || part === 'read');
  if (arrived.length === parts.length) return parts.includes('read') ? 'read' : 'delivered';
  if (arrived.length > 0) return 'partially_delivered';
  return PART_RANKS.findLast((status) => parts.includes(status)) ?? 'unknown';
}

/** Of several attempts the best counts: one phone, one text. One under way is better than one that failed. */
const ATTEMPT_RANKS = [
  'rejected',
  'failed',
  'expired',
  'undelivered',
  'unknown',
  'sent',
  'sending',
  'partially_delivered',
  'delivered',
  'read',
] as const satisfies AttemptStatus[];

export function statusOfAttempts(attempts: readonly AttemptStatus[]): MessageStatus {
  const best = ATTEMPT_RANKS.findLast((status) => attempts.includes(status)) ?? 'failed';
  return best === 'rejected' ? 'failed' : best;
}

/** Of a message that goes nowhere any more: a carrier that took it has been silent for longer than was waited for it. */
export function endOfAttempts(attempts: readonly AttemptStatus[]): MessageStatus {
  const status = statusOfAttempts(attempts);
  return status === 'sent' ? 'unknown' : status;
}

/** The phone has it: a further try would be a second text. */
export function hasArrived(status: AttemptStatus | MessageStatus): boolean {
  return status === 'delivered' || status === 'read' || status === 'partially_delivered';
}

/** Reported, and not by way of success. */
export function hasFailed(status: AttemptStatus): boolean {
  return status === 'undelivered' || status === 'expired';
}
