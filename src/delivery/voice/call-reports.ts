import type { ProviderReceipt } from '../provider.ts';
import { receiptOf } from '../providers/support/receipt.ts';
import type { CallEnd } from './call-state.ts';

type Facts = Parameters<typeof receiptOf>[1];

/**
 * A call that was answered has ended. When somebody had pressed the key, the body was handed over before: that receipt
 * outranks this one, in whichever order they come. Without a gate everything was said to whoever answered.
 */
export function receiptOfAnswered(end: CallEnd | null, machine: boolean, facts: Facts): ProviderReceipt {
  if (machine) return receiptOf('undelivered', facts, 'machine_answered');
  if (end === null) return receiptOf('unknown', facts);
  return end.gated ? receiptOf('undelivered', facts, 'no_key_pressed') : receiptOf('delivered', facts);
}
