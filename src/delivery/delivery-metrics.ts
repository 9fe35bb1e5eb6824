import { Counter, Histogram, type Registry } from 'prom-client';
import type { TryOutcome } from './routing/router.ts';

export type DeliveryMetrics = ReturnType<typeof createDeliveryMetrics>;

const BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Labels are bounded: providers by configuration, statuses and reasons by our own vocabularies. */
export function createDeliveryMetrics(registry: Registry) {
  const registers = [registry];
  const attempts = new Counter({
    name: 'countersign_attempts_total',
    help: 'Tries to hand a message to a provider, by outcome.',
    labelNames: ['provider', 'channel', 'purpose', 'outcome', 'reason'],
    registers,
  });
  const seconds = new Histogram({
    name: 'countersign_attempt_duration_seconds',
    help: 'Time a provider took to take or refuse a message.',
    labelNames: ['provider', 'channel'],
    buckets: BUCKETS_SECONDS,
    registers,
  });
  const receipts = new Counter({
    name: 'countersign_receipts_total',
    help: 'Receipts of carriers, by what they report; repeated ones included.',
    labelNames: ['provider', 'status'],
    registers,
  });
  const callbacks = new Counter({
    name: 'countersign_callbacks_total',
    help: 'Calls from carriers, by what became of them.',
    labelNames: ['provider', 'kind', 'result'],
    registers,
  });
  const lost = new Counter({
    name: 'countersign_code_rows_lost_total',
    help: 'Rows of codes that were not written: the database was away too long, or would not take them.',
    labelNames: ['why'],
    registers,
  });

  return {
    tried({ provider, channel, purpose, kind, reason, durationMs }: TryOutcome): void {
      attempts.inc({ provider, channel, purpose, outcome: kind, reason: reason ?? 'none' });
      seconds.observe({ provider, channel }, durationMs / 1000);
    },
    reported: (provider: string, status: string) => receipts.inc({ provider, status }),
    calledBack: (provider: string, kind: string, result: string) => callbacks.inc({ provider, kind, result }),
    lost: (why: string, count: number) => lost.inc({ why }, count),
  };
}
