import type { Reason } from '../reasons.ts';

/** What a command_status other than ROK says of a submit. */
export interface Refusal {
  kind: 'rejected' | 'failed';
  reason: Reason;
  carrierCode: string;
  /** Of its load, not of the message: the same submit may be taken later. */
  isTemporary: boolean;
}

type Entry = readonly [name: string, kind: Refusal['kind'], reason: Reason];

/**
 * SMPP 3.4 §5.1.3, from 0x100 on SMPP 5.0 §4.7.6. What every carrier would refuse is rejected; what this one will not
 * do, or not as it is configured, has failed and another may do it.
 */
const STATUSES: Readonly<Record<number, Entry>> = {
  1: ['ESME_RINVMSGLEN', 'rejected', 'invalid_message'],
  2: ['ESME_RINVCMDLEN', 'failed', 'misconfigured'],
  3: ['ESME_RINVCMDID', 'failed', 'misconfigured'],
  4: ['ESME_RINVBNDSTS', 'failed', 'unavailable'],
  5: ['ESME_RALYBND', 'failed', 'unavailable'],
  6: ['ESME_RINVPRTFLG', 'failed', 'misconfigured'],
  7: ['ESME_RINVREGDLVFLG', 'failed', 'misconfigured'],
  8: ['ESME_RSYSERR', 'failed', 'unavailable'],
  10: ['ESME_RINVSRCADR', 'rejected', 'sender_refused'],
  11: ['ESME_RINVDSTADR', 'rejected', 'invalid_recipient'],
  13: ['ESME_RBINDFAIL', 'failed', 'authentication_failed'],
  14: ['ESME_RINVPASWD', 'failed', 'authentication_failed'],
  15: ['ESME_RINVSYSID', 'failed', 'authentication_failed'],
  20: ['ESME_RMSGQFUL', 'failed', 'queue_full'],
  21: ['ESME_RINVSERTYP', 'failed', 'misconfigured'],
  67: ['ESME_RINVESMCLASS', 'failed', 'unsupported'],
  69: ['ESME_RSUBMITFAIL', 'rejected', 'unknown'],
  72: ['ESME_RINVSRCTON', 'failed', 'sender_refused'],
  73: ['ESME_RINVSRCNPI', 'failed', 'sender_refused'],
  80: ['ESME_RINVDSTTON', 'failed', 'destination_refused'],
  81: ['ESME_RINVDSTNPI', 'failed', 'destination_refused'],
  83: ['ESME_RINVSYSTYP', 'failed', 'misconfigured'],
  88: ['ESME_RTHROTTLED', 'failed', 'rate_limited'],
  97: ['ESME_RINVSCHED', 'failed', 'misconfigured'],
  98: ['ESME_RINVEXPIRY', 'failed', 'misconfigured'],
  100: ['ESME_RX_T_APPN', 'failed', 'unavailable'],
  101: ['ESME_RX_P_APPN', 'rejected', 'unknown'],
  102: ['ESME_RX_R_APPN', 'rejected', 'filtered'],
  192: ['ESME_RINVOPTPARSTREAM', 'failed', 'unsupported'],
  193: ['ESME_ROPTPARNOTALLWD', 'failed', 'unsupported'],
  194: ['ESME_RINVPARLEN', 'failed', 'unsupported'],
  195: ['ESME_RMISSINGOPTPARAM', 'failed', 'misconfigured'],
  196: ['ESME_RINVOPTPARAMVAL', 'failed', 'unsupported'],
  254: ['ESME_RDELIVERYFAILURE', 'rejected', 'unreachable_recipient'],
  255: ['ESME_RUNKNOWNERR', 'failed', 'unknown'],
  256: ['ESME_RSERTYPUNAUTH', 'failed', 'misconfigured'],
  257: ['ESME_RPROHIBITED', 'failed', 'destination_refused'],
  258: ['ESME_RSERTYPUNAVAIL', 'failed', 'unsupported'],
  259: ['ESME_RSERTYPDENIED', 'failed', 'unsupported'],
  260: ['ESME_RINVDCS', 'failed', 'unsupported'],
};

/** Reasons by which a carrier asks to wait. */
const TEMPORARY: ReadonlySet<Reason> = new Set(['rate_limited', 'queue_full', 'unavailable']);

/** Of carriers' own statuses (0x400 on) only the configuration knows what they mean. */
export type StatusReasons = Readonly<Record<number, Reason>>;

export function readRefusal(status: number, own: StatusReasons = {}): Refusal {
  const [name, kind, reason] = STATUSES[status] ?? [hexOf(status), 'rejected', 'unknown'];
  const given = own[status];
  if (given === undefined) return { kind, reason, carrierCode: name, isTemporary: TEMPORARY.has(reason) };
  const isTemporary = TEMPORARY.has(given);
  return { kind: isTemporary ? 'failed' : 'rejected', reason: given, carrierCode: name, isTemporary };
}

export function statusName(status: number): string {
  return STATUSES[status]?.[0] ?? hexOf(status);
}

function hexOf(status: number): string {
  return `0x${status.toString(16).padStart(8, '0')}`;
}
