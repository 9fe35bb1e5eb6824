import type { Mode } from '../audit/event.ts';
import type { Channel } from './challenge.ts';
import type { SpokenManner } from './spoken-manner.ts';

/** What verify asks of delivery. open.ts joins the two; neither imports the other. */
export interface CodeMessage {
  verificationId: string;
  /** When the verification was started, ms. */
  startedAt: number;
  /** Which send of the verification this is, from 0; receipts name it. */
  sendIndex: number;
  project: string;
  mode: Mode;
  channel: Channel;
  /** E.164, or an e-mail address. */
  to: string;
  /** Of that address, as the rest of it. */
  recipientHash: string;
  masked: string;
  /** ISO 3166-1 alpha-2; null for e-mail. */
  country: string | null;
  /** Providers that earlier sends went through, without success so far. */
  tried: readonly string[];
  code: string;
  locale: string;
  purpose: string;
  /** Shown name of the app. */
  brand: string;
  /** Amount, payee and the like, which the message must show. */
  context: Record<string, string> | null;
  origin?: string;
  androidAppHash?: string;
  /** Of a call. */
  voice?: SpokenManner;
  /** The code's remaining life: a carrier must not deliver later. */
  validitySeconds: number;
}

export type DeliverResult =
  | { kind: 'sent'; provider: string }
  /** Certainly not sent. */
  | { kind: 'failed'; provider: string; reason: string }
  /** May have been sent. */
  | { kind: 'unknown'; provider: string; reason: string };

export type Deliver = (message: CodeMessage, signal: AbortSignal) => Promise<DeliverResult>;

/** What delivery tells verify later. Late, doubled and out-of-order receipts are fine. */
export interface Receipt {
  verificationId: string;
  sendIndex: number;
  status: 'delivered' | 'failed';
  provider: string;
  reason?: string;
}
