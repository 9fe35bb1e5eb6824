import type { Channel } from '../../lib/channels.ts';
import type { Price, Purpose, SendVerdict } from '../provider.ts';
import type { Reason } from '../reasons.ts';

/** What a route is chosen by. */
export interface RouteFacts {
  project: string;
  purpose: Purpose;
  channel: Channel;
  /** E.164, or an e-mail address. */
  to: string;
  /** ISO 3166-1 alpha-2 of the number; null for e-mail. */
  country: string | null;
  /** When known, e.g. from an earlier receipt. */
  mccMnc?: string;
  /** The sender that was asked for, if any. */
  sender?: string;
  /** Shown name of the app, the sender of last resort. */
  brand?: string;
  /** Providers that an earlier send of the same verification went through without being delivered: tried last. */
  avoid?: readonly string[];
}

/** Which providers, in which order, and why: kept on the message. */
export interface RouteDecision {
  /** Of the routing table; 0 when none is configured. */
  version: number;
  /** Name of the rule; null when no rule was needed or none matched. */
  rule: string | null;
  strategy: Strategy;
  candidates: readonly Candidate[];
  /** The first candidate is there to learn how it does now, not because it is the best. */
  explored?: boolean;
  /** Providers that were left out, and why. */
  skipped: readonly { provider: string; why: SkipReason }[];
  /** The carrier must not deliver later than this, when the rule says so. */
  validitySeconds: number | null;
  /** A message without a final receipt turns `unknown` after it. */
  receiptTimeoutSeconds: number;
  /** After this long without a receipt the message goes to the next provider as well; null: never. */
  failoverAfterSeconds: number | null;
  /** A receipt "failed" sends the message to the next provider. */
  failoverOnReceipt: boolean;
}

export type Strategy = 'ordered' | 'weighted' | 'cheapest' | 'best_conversion';
export type SkipReason = 'circuit_open' | 'wrong_channel' | 'sender_not_registered' | 'not_configured' | 'tried';

export interface Candidate {
  provider: string;
  sender: string;
  /** What one segment is expected to cost, when the table says so. */
  cost: Price | null;
  /** Token buckets that a message through it takes from. */
  buckets: readonly Bucket[];
}

/** Shared by all instances. */
export interface Bucket {
  key: string;
  perSecond: number;
  burst: number;
}

/** What the sending side asks of routing. `createRouting` makes it; deciding touches memory only. */
export interface Routing {
  route(facts: RouteFacts, now: number): RouteDecision;
  /** Whether it matters which network a recipient is in. */
  goesByNetwork(): boolean;
  /**
   * Takes a token of every bucket, for all instances together: 0 when it may go now, else how many ms to wait (nothing
   * was taken then). A code never waits for bulk: it takes what is there and leaves the debt to the others.
   */
  take(buckets: readonly Bucket[], purpose: Purpose, now: number): Promise<number>;
  /** What became of a try: for the circuit breaker and the health of the provider. */
  tried(outcome: TryOutcome, now: number): void;
  /** A final receipt. */
  reported(route: ProviderRoute, status: 'delivered' | 'undelivered', now: number): void;
  /**
   * A code was approved: counted for the providers its sends went through. `sentAt`: when that send went out; a drop in
   * conversion is then seen in the sends of the last minutes, not minutes later.
   */
  converted(route: ProviderRoute, now: number, sentAt?: number): void;
  /** Begins to load tables and figures, and to write what was counted. */
  start(): void;
  /** Writes what was counted. */
  close(): Promise<void>;
}

export interface ProviderRoute {
  provider: string;
  channel: Channel;
  country: string | null;
}

export interface TryOutcome extends ProviderRoute {
  purpose: Purpose;
  kind: SendVerdict['kind'];
  reason: Reason | null;
  durationMs: number;
}
