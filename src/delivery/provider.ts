/** One file per carrier. A provider sends one message and says what became of it; it throws only on its own bugs. */
export interface Provider {
  readonly name: string;
  send(message: OutboundMessage, signal: AbortSignal): Promise<SendVerdict>;
}

export interface OutboundMessage {
  /** Our reference; passed to the carrier where it allows. */
  reference: string;
  /** Whose message it is. */
  project: string;
  mode: 'live' | 'test';
  channel: 'sms' | 'voice' | 'email' | 'whatsapp' | 'telegram';
  /** E.164. */
  to: string;
  from: string;
  /** What the phone shows; for voice: the script that is read out. */
  text: string;
  locale: string;
  /** The carrier must not deliver later than this. */
  validitySeconds: number;
}

export type SendVerdict =
  | { kind: 'accepted'; providerId: string }
  /** The carrier took it and said no for good (bad number, blocked). */
  | { kind: 'rejected'; reason: string }
  /** Certainly not sent; another try or carrier may work. */
  | { kind: 'failed'; reason: string; retryAfterMs?: number }
  /** May have been sent; never blindly sent again. */
  | { kind: 'outcome_unknown'; reason: string };

export interface ProviderReceipt {
  reference: string;
  status: 'delivered' | 'failed';
  reason?: string;
}
