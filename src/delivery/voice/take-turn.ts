import type { CallbackResult, InboundMessage, ProviderReceipt } from '../provider.ts';
import { receiptOf } from '../providers/support/receipt.ts';
import type { CallState } from './call-state.ts';
import { type Awaited, firstTurn, nextTurn, type Turn } from './turn.ts';

/** What a carrier says when it asks what is to be said next. */
export interface Asking {
  providerId: string;
  /** As the script was handed back; null when its time is over: nothing is said then. */
  call: CallState | null;
  /** What was waited for, as we had put it into the URL; null at the beginning. */
  awaited: Awaited | null;
  /** The key that was pressed. */
  key: string | null;
  /** A machine has answered, says the carrier. */
  machine?: boolean;
  phone: string;
  sender: string;
}

export interface TakenTurn {
  /** Null: hang up without a word. */
  turn: Turn | null;
  receipts: ProviderReceipt[];
  inbound: InboundMessage[];
}

/** The next turn of a call and what it tells. Asked again, it is the same. */
export function takeTurn({ providerId, call, awaited, key, machine = false, phone, sender }: Asking): TakenTurn {
  const names = { providerId, reference: call?.reference };
  if (machine) return { turn: null, receipts: [receiptOf('undelivered', names, 'machine_answered')], inbound: [] };
  if (!call) return { turn: null, receipts: [], inbound: [] };
  const turn = awaited === null ? firstTurn(call.script) : nextTurn(call.script, awaited, key);
  const stop = { providerId: `${providerId}:stop`, channel: 'voice' as const, from: phone, to: sender, text: 'STOP' };
  return { turn, receipts: receiptsOf(turn, names), inbound: turn.optedOut ? [stop] : [] };
}

/**
 * The body is handed over to be said once the key was pressed, which is as much as is ever known of an ear. Who stops
 * the calls has not heard it, or has had it before: that receipt outranks this one.
 */
function receiptsOf({ heard, optedOut }: Turn, names: Parameters<typeof receiptOf>[1]): ProviderReceipt[] {
  if (heard) return [receiptOf('delivered', names)];
  return optedOut ? [receiptOf('undelivered', names, 'opted_out')] : [];
}

export function readAwaited(value: string | null): Awaited | null {
  return value === 'gate' || value === 'gate-again' || value === 'opt-out' ? value : null;
}

export function answerTurn({ receipts, inbound }: TakenTurn, contentType: string, body: string): CallbackResult {
  return { kind: 'taken', receipts, inbound, answer: { status: 200, contentType, body } };
}
