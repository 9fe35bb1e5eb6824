/** The event of a leaf may be gone; its hash stays. */
export interface AuditLeafTable {
  /** From 0, without gaps: the leaf's place in the Merkle tree. */
  log_index: number;
  event_id: string;
  project_id: string;
  mode: 'live' | 'test';
  type: string;
  created_at: number;
  /** Base64url; null when the event has no personal fields, or has none any more. */
  salt: string | null;
  /** SHA-256 over salt and personal fields, base64url; null when it never had any. */
  commitment: string | null;
  /** RFC 9162 leaf hash, base64url. */
  hash: string;
}

export interface AuditKeyTable {
  id: string;
  /** As C2SP signed notes name a key: `<name>+<hash>+<key>`. */
  verifier: string;
  /** Null: it signs no more, and nobody can sign with it. */
  sealed_private_jwk: string | null;
  created_at: number;
  /** Null: the newest. */
  retired_at: number | null;
  /** The event of its rotation, whose checkpoint it signs too. */
  retired_by: string | null;
}

export interface AuditOutletTable {
  name: string;
  /** What it is to be told next: a log index or the number of a checkpoint. */
  next: number;
  claim: number;
  leased_until: number;
  failures: number;
  failing_since: number | null;
  due_at: number;
  updated_at: number;
}

export interface AuditSchema {
  unsealed_events: { position: number };
  audit_leaves: AuditLeafTable;
  audit_nodes: { level: number; number: number; hash: string };
  audit_state: { id: number; size: number };
  audit_checkpoints: { number: number; size: number; note: string; created_at: number };
  audit_keys: AuditKeyTable;
  audit_outlets: AuditOutletTable;
}
