import { setTimeout as pause } from 'node:timers/promises';
import { createBackground } from '../../lib/background.ts';
import type { ProviderLog, ProviderReceipt, ProviderSink } from '../provider.ts';

/** Receipts until they are stored: nobody else knows what became of a call, so nobody would report it again. */
export interface ReceiptReporter {
  report(receipt: ProviderReceipt): void;
  /** Tries once more what is not stored, then gives it up. */
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export function createReceiptReporter(sink: ProviderSink, log: ProviderLog): ReceiptReporter {
  const closing = new AbortController();
  const background = createBackground(() => {});

  async function store(receipt: ProviderReceipt): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const isLast = closing.signal.aborted;
      try {
        return await sink.receipt(receipt);
      } catch (error) {
        const error_name = error instanceof Error ? error.name : typeof error;
        const facts = { reference: receipt.reference, status: receipt.status, error_name };
        log.warn(facts, isLast ? 'receipt of a call is lost' : 'receipt of a call not stored; tried again');
        if (isLast) return;
      }
      await pause(pauseMs, undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  return {
    report: (receipt) => background.run(store(receipt)),
    async close() {
      closing.abort();
      await background.settled();
    },
  };
}
