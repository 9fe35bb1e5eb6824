import type { DeliveryLog } from './call-provider.ts';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import type {
  CallbackAnswer,
  CallbackKind,
  CallbackRequest,
  InboundMessage,
  Provider,
  ProviderReceipt,
} from './provider.ts';

export interface CallbackDeps {
  providers: ReadonlyMap<string, Provider>;
  /** Each resolves when what it was given is kept, and rejects so that the carrier reports again. */
  receive(provider: string, receipts: readonly ProviderReceipt[]): Promise<void>;
  takeInbound(provider: string, messages: readonly InboundMessage[]): Promise<void>;
  metrics: Pick<DeliveryMetrics, 'calledBack'>;
  log: DeliveryLog;
}

export type CallbackOutcome =
  | { kind: 'taken'; answer: CallbackAnswer | null }
  | { kind: 'unknown' | 'unauthenticated' | 'unreadable' };

/** A carrier calls. What it says is kept before it is told so, but for calls; of what it sent, nothing is logged. */
export async function takeCallback(
  { providers, receive, takeInbound, metrics, log }: CallbackDeps,
  name: string,
  kind: CallbackKind,
  request: CallbackRequest,
): Promise<CallbackOutcome> {
  const read = providers.get(name)?.callbacks?.[kind];
  if (!read) return { kind: 'unknown' };
  const result = await read(request);
  if (result.kind !== 'taken') {
    log.warn({ provider: name, callback: kind, why: result.why }, `a callback is ${result.kind}`);
    metrics.calledBack(name, kind, result.kind);
    return { kind: result.kind };
  }
  try {
    await receive(name, result.receipts ?? []);
    await takeInbound(name, result.inbound ?? []);
  } catch (error) {
    if (kind !== 'voice' || !result.answer) throw error;
    // Somebody is on the telephone: what is to be said does not wait for our database.
    log.warn({ provider: name, callback: kind, err: error }, 'what a call has told could not be kept');
  }
  metrics.calledBack(name, kind, 'taken');
  return { kind: 'taken', answer: result.answer ?? null };
}
