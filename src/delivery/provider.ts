import type { TSchema } from 'typebox';
import type { Channel } from '../lib/channels.ts';
import type { Now } from '../lib/clock.ts';
import type { HttpClient } from '../lib/http-client.ts';
import type { CarrierState } from './carrier-state.ts';
import type { Reason } from './reasons.ts';

/** One carrier connection. A provider sends one message and says what became of it; it throws only on its own bugs. */
export interface Provider {
  /** As the operator named it in the configuration. */
  readonly name: string;
  readonly channels: readonly Channel[];
  /** Sends that may run at once, a quarter of them codes only; default 64, as many as there are connections over HTTP. */
  readonly atOnce?: number;
  /** Of a carrier whose calls each keep a line until they end, long after `send` has answered. */
  readonly lines?: () => Lines;
  send(message: OutboundMessage, signal: AbortSignal): Promise<SendVerdict>;
  /** What the carrier calls back with at `/callbacks/{name}/{kind}`. Each is authenticated the way the carrier signs. */
  readonly callbacks?: Partial<Record<CallbackKind, (request: CallbackRequest) => Promise<CallbackResult>>>;
  /** For carriers with a standing connection: connects and reports what comes in by itself. Called once. */
  start?(sink: ProviderSink): void;
  /** Sends what it has taken, then closes. */
  close?(): Promise<void>;
}

export interface Lines {
  all: number;
  busy: number;
  /** Calls that may begin together without one being turned away for the carrier's rate. */
  together: number;
}

export type Purpose = 'code' | 'transactional' | 'marketing';

export interface OutboundMessage {
  /** Our reference, unique for each try: letters, digits, `_` and `-`, at most 40. Passed to the carrier where it allows. */
  reference: string;
  project: string;
  mode: 'live' | 'test';
  channel: Channel;
  purpose: Purpose;
  /** E.164; for e-mail an address. */
  to: string;
  /** The sender the route chose: alphanumeric, long number (E.164), short code, or an e-mail address. */
  from: string;
  /** What the phone shows; for voice: the script that is read out; for e-mail: the plain part. */
  text: string;
  /** BCP 47. */
  locale: string;
  /** E-mail only. */
  subject?: string;
  html?: string;
  /** WhatsApp: one of the account's own templates, which Meta has approved; others are sent `text`. */
  whatsapp?: { name: string; language: string; parameters: readonly string[] };
  /** The code itself, for carriers that word the message by themselves (WhatsApp, Telegram). */
  code?: string;
  /** Voice only: what is said, for carriers that speak or let speak part by part; `text` is the same as one text. */
  script?: SpokenScript;
  /** Replace what is not in GSM-7 when that keeps a text out of UCS-2. */
  smartEncoding?: boolean;
  /** The carrier must not deliver later than this. */
  validitySeconds: number;
}

export interface SpokenScript {
  /** BCP 47. */
  locale: string;
  greeting: string;
  /** The body is said only to who presses the key: a mailbox does not, and a person is then listening. */
  gate?: { key: string; prompt: string };
  /** Said `repeats` times. */
  body: readonly SpokenPart[];
  repeats: number;
  goodbye: string;
  /** Whoever presses the key wants no more calls of this purpose. */
  optOut?: { key: string; prompt: string };
  voice?: string;
  /** Words per minute relative to the voice's own pace, 0.5–1.5; default 1. */
  pace?: number;
}

export type SpokenPart =
  | SpeechPart
  /** One that was uploaded, by its id. */
  | { recording: string };

/** What a voice says. */
export type SpeechPart =
  | { say: string }
  /** One by one, with pauses. */
  | { digits: string }
  | { pauseMs: number };

export type SendVerdict = Accepted | Rejected | Failed | OutcomeUnknown;

export interface Accepted {
  kind: 'accepted';
  /** The carrier's id of the message; receipts name it. */
  providerId: string;
  /** Where each part has an id of its own, in order; `providerId` is the first. */
  partIds?: readonly string[];
  price?: Price;
  /** Mobile country and network code of the recipient, e.g. `20801`. */
  mccMnc?: string;
}

/** The carrier took it and said no for good. */
export interface Rejected {
  kind: 'rejected';
  reason: Reason;
  /** The carrier's own code or word for it; never text that quotes the message. */
  carrierCode?: string;
}

/** Certainly not sent; another try or carrier may work. */
export interface Failed {
  kind: 'failed';
  reason: Reason;
  carrierCode?: string;
  retryAfterMs?: number;
}

/** May have been sent; never blindly sent again. */
export interface OutcomeUnknown {
  kind: 'outcome_unknown';
  reason: Reason;
  carrierCode?: string;
}

export interface Price {
  /** Decimal number as text, e.g. `0.0075`. */
  amount: string;
  /** ISO 4217. */
  currency: string;
}

export type ReceiptStatus =
  | 'buffered'
  | 'sent'
  | 'delivered'
  | 'undelivered'
  | 'expired'
  | 'rejected'
  | 'unknown'
  | 'read';

/** What a carrier reports about a message; late, doubled and out of order is fine. One of the two names is needed. */
export interface ProviderReceipt {
  /** As `send` returned it. Several: the forms the same id may have been stored in, the likeliest first. */
  providerId?: string | readonly string[];
  reference?: string;
  status: ReceiptStatus;
  reason?: Reason;
  carrierCode?: string;
  /** The carrier's time of the report, ms. */
  at?: number;
  price?: Price;
  mccMnc?: string;
}

/** A message from a phone (MO). */
export interface InboundMessage {
  /** The carrier's id: the same one is taken once. */
  providerId: string;
  channel: Channel;
  from: string;
  to: string;
  text: string;
  /** The carrier's time, ms. */
  at?: number;
}

export interface ProviderSink {
  /** Resolves when durably stored; a carrier is told "taken" only then. Rejects: let the carrier report again. */
  receipt(receipt: ProviderReceipt): Promise<void>;
  inbound(message: InboundMessage): Promise<void>;
}

export type CallbackKind = 'receipts' | 'inbound' | 'voice';

export interface CallbackRequest {
  method: 'GET' | 'POST';
  /** As the carrier was told it: `public_url` and the path with its query. Signatures are computed over it. */
  url: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Exactly the bytes that came. */
  body: Buffer;
  now: number;
}

export type CallbackResult =
  | {
      kind: 'taken';
      receipts?: readonly ProviderReceipt[];
      inbound?: readonly InboundMessage[];
      answer?: CallbackAnswer;
    }
  /** Not signed as this carrier signs; answered 401 and logged. */
  | { kind: 'unauthenticated'; why: string }
  /** Signed, but not what the carrier documents; answered 400 and logged. */
  | { kind: 'unreadable'; why: string };

/** Default: 204, no body. */
export interface CallbackAnswer {
  status: number;
  contentType: string;
  body: string;
}

/** What a provider file exports: how it is configured and how it is made. */
export interface ProviderType<Config> {
  /** Closed object without `type`; checked before `create`. */
  schema: TSchema;
  /** What the schema cannot say; JSON pointers into the provider's configuration, with the fix in the message. */
  check?(config: Config): { pointer: string; message: string }[];
  create(config: Config, deps: ProviderDeps): Provider | Promise<Provider>;
}

export interface ProviderDeps {
  name: string;
  /** Bounded and guarded; the only way out over HTTP. */
  http: HttpClient;
  /** Where the carrier is to call back; null when `public_url` is not configured. */
  callbackUrl(kind: CallbackKind): string | null;
  /** For what the carrier is to hand back with a callback. */
  state: CarrierState;
  recordings: RecordingAccess;
  now: Now;
  log: ProviderLog;
}

/** Uploaded recordings, for calls that play them. */
export interface RecordingAccess {
  /** Where a carrier fetches it, below `public_url` and for minutes only. */
  link(id: string): string;
  /** At 8 kHz; null: it is not there any more. */
  samples(id: string): Promise<Int16Array | null>;
}

/** What is used of pino. Never a text, a code, a key or a full number. */
export interface ProviderLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
