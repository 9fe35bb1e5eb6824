import type { Generated } from 'kysely';

/** All times are milliseconds since the epoch. JSON is kept as text: one SQL for both dialects. */
export interface Schema {
  settings: { key: string; value: string };
  projects: ProjectTable;
  api_keys: ApiKeyTable;
  signing_keys: SigningKeyTable;
  verifications: VerificationTable;
  limits: LimitTable;
  budgets: BudgetTable;
  known_devices: { key: string; expires_at: number };
  acceptances: { challenge_id: string; attempt: string; at: number };
  token_redemptions: { jti: string; expires_at: number };
  idempotency: IdempotencyTable;
  events: EventTable;
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
