export interface WebhooksSchema {
  webhook_endpoints: WebhookEndpointTable;
  webhook_cursors: WebhookCursorTable;
  webhook_deliveries: WebhookDeliveryTable;
  webhook_replays: WebhookReplayTable;
}

export interface WebhookEndpointTable {
  id: string;
  project_id: string;
  mode: 'live' | 'test';
  url: string;
  /** JSON array of types, `verification.*` and `*` among them. */
  events: string;
  description: string | null;
  /** JSON object, sealed. */
  sealed_headers: string | null;
  status: 'enabled' | 'disabled';
  disabled_reason: string | null;
  disabled_at: number | null;
  format: 'json' | 'xml';
  api_version: string;
  ordering: 'none' | 'per_object';
  signature: 'hmac' | 'ed25519';
  /** JSON, sealed. */
  sealed_secrets: string;
  /** JSON array: the public halves of those that have one, with their ends; null when none has. */
  public_keys: string | null;
  /** Of what is before it in the log nobody knows any more whether it was delivered. */
  known_from: number;
  created_at: number;
  /** Raised by every change: who delivers reads the row again. */
  updated_at: number;
}

/** There while its endpoint is enabled. */
export interface WebhookCursorTable {
  endpoint_id: string;
  project_id: string;
  mode: 'live' | 'test';
  /** Everything in the log before it has a delivery's row or is not for this endpoint. */
  next: number;
  /** Raised by each claim: who writes with an older one has lost the endpoint. */
  claim: number;
  /** A process has it until then. */
  leased_until: number;
  /** When it is looked at though nothing new has happened: a retry, the end of a rest or of a lease. */
  due_at: number | null;
  /** Nothing is sent before. */
  rests_until: number;
  /** Attempts that failed since the last that succeeded. */
  failures: number;
  failing_since: number | null;
}

export interface WebhookDeliveryTable {
  endpoint_id: string;
  log_index: number;
  id: string;
  event_id: string;
  event_type: string;
  /** Verification or message, of endpoints that want those in order. */
  object_id: string | null;
  status: 'pending' | 'delivered' | 'exhausted';
  attempts: number;
  /** Attempts of the schedule that are over; a retry by hand of what is exhausted begins anew. */
  step: number;
  /** JSON array of the newest attempts. */
  history: string;
  /** How often somebody asked for it again: what was under way before does not undo that. */
  asked: number;
  /** Null: never, or an older one of its object comes first. */
  next_at: number | null;
  created_at: number;
  updated_at: number;
}

/** What was asked for again, if it was not delivered. */
export interface WebhookReplayTable {
  endpoint_id: string;
  /** Events that are not older. */
  since: number;
  /** The first index of the log that is still to be looked at. */
  next: number;
  /** Exclusive: from there on the endpoint's own cursor goes. */
  until: number;
}
