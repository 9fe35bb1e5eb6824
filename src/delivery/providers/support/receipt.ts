import type { ProviderReceipt, ReceiptStatus } from '../../provider.ts';
import type { Reason } from '../../reasons.ts';
import { readCarrierCode } from './carrier-code.ts';
import { defined } from './defined.ts';

const NEGATIVE: ReadonlySet<ReceiptStatus> = new Set(['undelivered', 'expired', 'rejected']);

type Facts = {
  [K in Exclude<keyof ProviderReceipt, 'reason' | 'carrierCode' | 'status'>]: ProviderReceipt[K] | undefined;
};

/**
 * A failure goes with a reason; one that came of lateness is `expired`, whatever the carrier files it under. Anything
 * else has none, and no code either: carriers write `0` or `000` beside what went well.
 */
export function receiptOf(
  status: ReceiptStatus,
  facts: Partial<Facts>,
  reason?: Reason,
  carrierCode?: unknown,
): ProviderReceipt {
  if (!NEGATIVE.has(status)) return defined({ ...facts, status });
  const why = reason ?? (status === 'expired' ? 'expired' : 'unknown');
  const code = readCarrierCode(carrierCode);
  return defined({ ...facts, status: why === 'expired' ? why : status, reason: why, carrierCode: code });
}
