import type { Reason } from '../reasons.ts';

/** Why a call was not answered, by the final status of its INVITE (RFC 3261 §21, RFC 8197, RFC 8688), where carriers tell it. */
export const sipReasons: Readonly<Record<string, Reason>> = {
  '404': 'invalid_recipient',
  '408': 'no_answer',
  '410': 'invalid_recipient',
  '480': 'no_answer',
  '484': 'invalid_recipient',
  '486': 'busy',
  '487': 'no_answer',
  '600': 'busy',
  '603': 'declined',
  '604': 'invalid_recipient',
  '607': 'blocked_recipient',
  '608': 'filtered',
};
