import type { Channel } from '../../lib/channels.ts';
import type { Price, Purpose } from '../provider.ts';

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
