import type { Generated } from 'kysely';
import type { AuditSchema } from './schema/audit.ts';
import type { CampaignsSchema } from './schema/campaigns.ts';
import type { ConsentSchema } from './schema/consent.ts';
import type { InboundSchema } from './schema/inbound.ts';
import type { PeopleSchema } from './schema/people.ts';
import type { PrivacySchema } from './schema/privacy.ts';
import type { RecordingsSchema } from './schema/recordings.ts';
import type { TemplatesSchema } from './schema/templates.ts';
import type { WebhooksSchema } from './schema/webhooks.ts';

/** All times are milliseconds since the epoch. JSON is kept as text: one SQL for both dialects. */
export interface Schema
  extends AuditSchema,
    WebhooksSchema,
    RecordingsSchema,
    PrivacySchema,
    PeopleSchema,
    ConsentSchema,
    TemplatesSchema,
    CampaignsSchema,
    InboundSchema {
  settings: { key: string; value: string };
  projects: ProjectTable;
  api_keys: ApiKeyTable;
  signing_keys: SigningKeyTable;
  verifications: VerificationTable;
  limits: LimitTable;
  budgets: BudgetTable;
  known_devices: { key: string; expires_at: number };
  acceptances: AcceptanceTable;
  /** `request`: the seed of the idempotent request that redeemed it. */
  token_redemptions: { jti: string; expires_at: number; request: string | null };
  idempotency: IdempotencyTable;
  events: EventTable;
  messages: MessageTable;
  message_attempts: MessageAttemptTable;
  message_looks: MessageLookTable;
  message_parts: MessagePartTable;
  receipts: ReceiptTable;
  jobs: JobTable;
  routing_tables: { version: number; digest: string; body: string; actor: string; created_at: number };
  provider_stats: ProviderStatsTable;
  rate_buckets: { key: string; arrival: number };
  code_messages: CodeMessageTable;
  origins: OriginTable;
  android_apps: { project_id: string; hash: string; created_at: number };
}

export interface AcceptanceTable {
  challenge_id: string;
  /** The one that may be answered with a proof. */
  attempt: string;
  /** Those that never were, nor will be; with spaces between them. */
  withdrawn: string | null;
  /** While the one above is among them: what the next right answer is compared with. */
  code_hash: string | null;
  at: number;
}

export interface ProjectTable {
  id: string;
  name: string;
  /** JSON of the policy's overrides. */
  policy: string;
  created_at: number;
  updated_at: number;
}

export interface ApiKeyTable {
  id: string;
  project_id: string;
  mode: 'live' | 'test';
  name: string;
  /** First characters, shown in lists. */
  prefix: string;
  /** SHA-256 of the key (which has ≥ 128 random bits), hex. */
  hash: string;
  /** JSON array. */
  scopes: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
}

export interface SigningKeyTable {
  kid: string;
  public_jwk: string;
  sealed_private_jwk: string;
  created_at: number;
  /** Published at once, used from here on. */
  active_from: number;
  /** Published until here; null = the newest. */
  retires_at: number | null;
}

/** The store itself on SQL; a read model kept by the recorder when Redis is the store. */
export interface VerificationTable {
  id: string;
  project_id: string;
  mode: 'live' | 'test';
  recipient: string;
  recipient_hash: string;
  status: string;
  /** JSON of ChallengeFacts. */
  facts: string;
  attempts: number;
  judged: number;
  /** JSON of Send[]. */
  sends: string;
  step: number;
  next_send_at: number | null;
  /** Always null in the read model. */
  due_at: number | null;
  created_at: number;
  expires_at: number;
  ended_at: number | null;
  rev: number;
  /** Number of events so far. */
  sequence: number;
  approved_by: string | null;
  code_hash: string | null;
  sealed: string | null;
}

export interface LimitTable {
  key: string;
  count: number;
  started_at: number;
  expires_at: number;
}

export interface BudgetTable {
  key: string;
  failures: number;
  started_at: number;
  locked_until: number;
  in_a_row: number;
  updated_at: number;
}

export interface IdempotencyTable {
  /** Hash over project, mode, route and the caller's key. */
  key: string;
  /** Hash of the request body. */
  fingerprint: string;
  /** Random; ids made while serving this key derive from it, so that a rerun makes the same ones. */
  seed: string;
  /** JSON of the stored answer; null while running. */
  response: string | null;
  leased_until: number;
  expires_at: number;
}

export interface EventTable {
  /** Insertion order on this installation; the audit sealer and cursors use it. */
  position: Generated<number>;
  id: string;
  type: string;
  project_id: string;
  mode: 'live' | 'test';
  actor: string;
  verification_id: string | null;
  message_id: string | null;
  recipient_masked: string | null;
  recipient_hash: string | null;
  /** JSON. */
  client: string | null;
  /** JSON. */
  data: string;
  sequence: number | null;
  created_at: number;
}

export interface MessageTable {
  id: string;
  project_id: string;
  mode: 'live' | 'test';
  purpose: 'code' | 'transactional' | 'marketing';
  channel: string;
  /** E.164 or e-mail address. */
  recipient: string;
  recipient_hash: string;
  /** As events show it. */
  recipient_masked: string;
  /** Of a code. */
  verification_id: string | null;
  send_index: number | null;
  /** JSON of what is sent; null for codes, which are never kept here. */
  content: string | null;
  /** As asked for; the attempt says which one was used. */
  sender: string | null;
  locale: string | null;
  encoding: string | null;
  segments: number | null;
  country: string | null;
  mcc_mnc: string | null;
  status: string;
  reason: string | null;
  carrier_code: string | null;
  /** Of the newest try. */
  provider: string | null;
  /** JSON of the RouteDecision. */
  route: string | null;
  attempts: number;
  cost_amount: string | null;
  cost_currency: string | null;
  /** JSON. */
  metadata: string | null;
  actor: string;
  send_at: number | null;
  expires_at: number | null;
  /** When it is looked at again: its process died while sending, or no receipt came. */
  due_at: number | null;
  created_at: number;
  updated_at: number;
  campaign_id: string | null;
  contact_id: string | null;
}

export interface MessageAttemptTable {
  message_id: string;
  /** From 1. */
  number: number;
  provider: string;
  sender: string | null;
  status: string;
  reason: string | null;
  carrier_code: string | null;
  cost_amount: string | null;
  cost_currency: string | null;
  started_at: number;
  ended_at: number | null;
}

/** When a message is looked at; of use while that is still its own `due_at`, or past. */
export interface MessageLookTable {
  due_at: number;
  message_id: string;
}

export interface MessagePartTable {
  provider: string;
  provider_id: string;
  message_id: string;
  attempt: number;
  /** From 1. */
  part: number;
  status: string;
  reason: string | null;
  carrier_code: string | null;
  cost_amount: string | null;
  cost_currency: string | null;
  status_at: number;
}

export interface ReceiptTable {
  /** Hash over what makes two reports the same one. */
  key: string;
  provider: string;
  /** The first form of the carrier's id. */
  provider_id: string | null;
  reference: string | null;
  /** Null: parked. */
  message_id: string | null;
  attempt: number | null;
  status: string;
  reason: string | null;
  carrier_code: string | null;
  /** JSON: price, MCC-MNC, other forms of the carrier's id. */
  details: string | null;
  at: number | null;
  received_at: number;
  /** When it is worked in again: its message was not there yet, or could not be told. */
  due_at: number | null;
}

export interface JobTable {
  queue: string;
  id: string;
  /** Lower goes first. */
  lane: number;
  /** Whose it is: all owners get as much of a lane. */
  owner: string;
  /** Null: dead, nobody will try again. */
  due_at: number | null;
  /** Raised by each claim. */
  claim: number;
  tries: number;
  /** Why the last try failed. */
  reason: string | null;
  /** JSON. */
  payload: string | null;
}

export interface ProviderStatsTable {
  provider: string;
  channel: string;
  /** ISO 3166-1 alpha-2, or `-`. */
  country: string;
  /** Length of the period. */
  seconds: number;
  /** Its first millisecond. */
  at: number;
  sent: number;
  accepted: number;
  rejected: number;
  failed: number;
  unknown: number;
  delivered: number;
  undelivered: number;
  codes_sent: number;
  codes_approved: number;
}

export interface CodeMessageTable {
  project_id: string;
  channel: string;
  /** BCP 47, in canonical form. */
  locale: string;
  /** Templates. */
  text: string;
  subject: string | null;
  /** For what is bound to a context. */
  confirm: string | null;
  confirm_subject: string | null;
  /** JSON array: members of the context that the templates may show, apart from amount, currency and payee. */
  context: string;
  updated_at: number;
}

export interface OriginTable {
  project_id: string;
  host: string;
  /** What the host's owner publishes. */
  token: string;
  /** Null: not verified. */
  verified_by: 'dns' | 'https' | 'vouched' | null;
  verified_at: number | null;
  created_at: number;
}
