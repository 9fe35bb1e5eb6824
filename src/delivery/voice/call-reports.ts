import type { ProviderReceipt } from '../provider.ts';
import { receiptOf } from '../providers/support/receipt.ts';
import type { CallEnd } from './call-state.ts';

/**
 * A call that was answered has ended. If what it was for had been handed over to be said, that was reported before: the
 * receipt of it outranks this one, in whichever order they come.
 */
export function receiptOfAnswered(
  end: CallEnd | null,
  machine: boolean,
  facts: Parameters<typeof receiptOf>[1],
): ProviderReceipt {
  if (machine) return receiptOf('undelivered', facts, 'machine_answered');
  if (end === null) return receiptOf('unknown', facts);
  return receiptOf('undelivered', facts, end.gated ? 'no_key_pressed' : 'unknown');
}
