import type { CallbackResult, InboundMessage, ProviderReceipt } from '../provider.ts';
import { receiptOf } from '../providers/support/receipt.ts';
import type { CallState } from './call-state.ts';
import { type Awaited, firstTurn, nextTurn, type Turn } from './turn.ts';

/** What a carrier says when it asks what is to be said next. */
export interface Asking {
  providerId: string;
  /** As the carrier handed it back; null when its time is over: nothing is said then. */
  call: CallState | null;
  /** What was waited for, as we had put it into the URL; null at the beginning. */
  awaited: Awaited | null;
  /** The key that was pressed. */
  key: string | null;
  /** A machine has answered, says the carrier; `undecided`: it will say so later. */
  machine?: boolean | 'undecided';
}

export interface TakenTurn {
  /** Null: hang up without a word. */
  turn: Turn | null;
  receipts: ProviderReceipt[];
  inbound: InboundMessage[];
}

/** The next turn of a call and what it tells. Asked again, it is the same. */
export function takeTurn({ providerId, call, awaited, key, machine = false }: Asking): TakenTurn {
  const names = { providerId, reference: call?.reference };
  if (machine === true) return hangUp([receiptOf('undelivered', names, 'machine_answered')]);
  if (!call) return hangUp([]);
  const turn = awaited === null ? firstTurn(call.script) : nextTurn(call.script, awaited, key);
  if (turn.optedOut) {
    // Who has heard it first is not counted back: the other receipt outranks this one.
    return { turn, receipts: [receiptOf('undelivered', names, 'opted_out')], inbound: [stop(providerId, call)] };
  }
  const heard = turn.heard && (awaited !== null || machine !== 'undecided');
  return { turn, receipts: heard ? [receiptOf('delivered', names)] : [], inbound: [] };
}

const hangUp = (receipts: ProviderReceipt[]): TakenTurn => ({ turn: null, receipts, inbound: [] });

/** Whoever stops the calls has said so, as if by a message. */
function stop(providerId: string, { to, from }: CallState): InboundMessage {
  return { providerId: `${providerId}:stop`, channel: 'voice', from: to, to: from, text: 'STOP' };
}

export function readAwaited(value: string | null): Awaited | null {
  return value === 'gate' || value === 'gate-again' || value === 'opt-out' ? value : null;
}

export function answerTurn({ receipts, inbound }: TakenTurn, contentType: string, body: string): CallbackResult {
  return { kind: 'taken', receipts, inbound, answer: { status: 200, contentType, body } };
}
