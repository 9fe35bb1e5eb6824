import type { Reason } from '../reasons.ts';

/** Plivo, "Hangup Causes" (plivo.com/docs/voice/troubleshooting/hangup-causes): those of a call that nobody answered. */
export const plivoHangupReasons: Readonly<Record<string, Reason>> = {
  '1010': 'insufficient_credit',
  '1020': 'rate_limited',
  '2000': 'invalid_recipient',
  '2010': 'unreachable_recipient',
  '2030': 'destination_refused',
  '2040': 'destination_refused',
  '3000': 'no_answer',
  '3010': 'busy',
  '3020': 'declined',
  '3030': 'sender_refused',
  '3040': 'destination_refused',
  '3050': 'invalid_recipient',
  '3070': 'no_answer',
  '3080': 'network_error',
  '3090': 'network_error',
  '3100': 'busy',
  '3110': 'declined',
  '3120': 'invalid_recipient',
  '3130': 'filtered',
  '3140': 'sender_refused',
  '6010': 'no_answer',
};

/** `CallStatus` of the same callback, where the cause says nothing. */
export const plivoCallReasons: Readonly<Record<string, Reason>> = {
  busy: 'busy',
  timeout: 'no_answer',
  'no-answer': 'no_answer',
  failed: 'unreachable_recipient',
};

/** An answered call that Plivo ended because a machine had answered. */
export const PLIVO_MACHINE = '9100';
